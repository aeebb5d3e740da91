using System.Text;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>The readers of generated ids: those of a publisher, and those of the stream of a backplane.</summary>
internal sealed class IdTarget : FuzzTarget
{
    private readonly SealedEventIds _sealed = new();
    private readonly StreamEventIds _stream = new(capacity: 300);
    private readonly string[] _issued;

    internal IdTarget()
    {
        _issued = [.. new[] { 0, 1, 1_000, -1, long.MaxValue, long.MinValue }.Select(value => _sealed.Format(new(value)))];
        for (var offset = 0; offset < 500; offset++)
            _stream.Add(2 * offset, (uint)offset);
    }

    internal override string Name => "Ids";

    internal override byte[][] Tokens => Bytes("~", "-", "_", "+", "/", "=", "0", "9223372036854775807", "00000007", "ffffffff", "١", " ");

    internal override IEnumerable<byte[]> Seeds => _issued.Select(Encoding.UTF8.GetBytes);

    internal override long MaxAllocation(int length) => (16 * 1024) + (4 * length);

    internal override Action Run(byte[] input)
    {
        var id = Encoding.UTF8.GetString(input);
        var isSealed = _sealed.TryParse(id, out _);
        var isOfStream = _stream.TryParse(id, out var position);
        var isKnown = isOfStream && _stream.IsKnownOrAhead(position);
        return () =>
        {
            Check(!isSealed || _issued.Contains(id), "an id was forged");
            Check(!isOfStream || _stream.Format(position) == id, "two ids stand for one position");
            Check(!isOfStream || _stream.LengthOf(position) == id.Length, "the length differs");
            Check(!isOfStream || position.Value >= 0, "a position is negative");
            var offset = StreamPosition.OffsetOf(position.Value);
            Check(!isKnown || offset > 998 || position.Check == offset / 2, "a position without its check is known");
        };
    }
}
