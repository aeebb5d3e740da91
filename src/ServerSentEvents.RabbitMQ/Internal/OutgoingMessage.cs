using System.Globalization;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// A message on its way to the stream and back: a marker, or some events in their order. Guarded by the lock of the
/// <see cref="Outbox"/>.
/// </summary>
internal sealed class OutgoingMessage
{
    private string? _epoch;
    private long _offset;

    /// <param name="sequence">Its number among those of this node.</param>
    /// <param name="items">What it brings.</param>
    internal OutgoingMessage(ulong sequence, OutgoingItem[] items)
    {
        (Sequence, Items) = (sequence, items);
        foreach (var item in items)
            item.Message = this;
        Body = IsMarker ? MessageFormat.Encode() : MessageFormat.Encode(Array.ConvertAll(items, static item => item.Encoded));
    }

    internal ulong Sequence { get; }

    internal OutgoingItem[] Items { get; }

    /// <summary>To be stamped when it is sent.</summary>
    internal byte[] Body { get; }

    internal bool IsMarker => Items is [{ MarkerEpoch: not null }];

    /// <summary>When this connection was given it, as a timestamp.</summary>
    internal long SentAt { get; set; }

    /// <summary>Whether it waits to be sent again.</summary>
    internal bool IsToBeSentAgain { get; set; }

    internal bool IsConfirmed { get; private set; }

    internal bool IsRead => _epoch is not null;

    /// <summary>Whether the stream needs nothing more of it.</summary>
    internal bool IsSettled => Array.TrueForAll(Items, static item => item.IsSettled);

    internal void SetConfirmed()
    {
        IsConfirmed = true;
        Settle();
    }

    /// <param name="epoch">The name of the epoch that it was read in.</param>
    /// <param name="offset">Where it stands in the stream.</param>
    internal void SetRead(string epoch, long offset)
    {
        (_epoch, _offset) = (epoch, offset);
        Settle();
    }

    private void Settle()
    {
        if (!IsConfirmed || _epoch is null)
            return;
        for (var place = 0; place < Items.Length; place++)
            Items[place].Arrive(string.Create(CultureInfo.InvariantCulture, $"{_epoch}-{EventPosition.Of(_offset, place)}"));
    }
}
