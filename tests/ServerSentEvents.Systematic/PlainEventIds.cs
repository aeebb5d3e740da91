using System.Globalization;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Systematic;

/// <summary>Event ids that are positions in digits. They replace the ids of a backplane's stream.</summary>
internal sealed class PlainEventIds : EventIds
{
    internal override string Format(EventPosition position) => position.Value.ToString(CultureInfo.InvariantCulture);

    internal override int LengthOf(EventPosition position) => Format(position).Length;

    internal override bool TryParse(string id, out EventPosition position)
    {
        var isNumber = long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        position = new(value);
        return isNumber;
    }
}
