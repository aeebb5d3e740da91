using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The events that one client has received of its channel. Each must come once, in order and without a gap.</summary>
/// <remarks>One client writes. Another thread may ask whether the sequence is complete.</remarks>
internal sealed class Sequence(ClientKind kind, int client, int channel, EventFeed feed, Findings findings)
{
    /// <summary>The number of the next event; 0 before the first event, and after a gap.</summary>
    private volatile int _next;

    /// <summary>True if the stream has begun, and there was no gap since.</summary>
    private bool _hasBegun;

    /// <summary>The largest number that the first event can have; 0 before the stream has begun.</summary>
    private volatile int _limit;

    /// <summary>The id to resume from; null before the first id.</summary>
    internal string? LastEventId { get; private set; }

    private string Client => string.Create(CultureInfo.InvariantCulture, $"{kind} {client} in channel {channel}");

    internal void Receive(SseItem<string> item)
    {
        LastEventId = item.EventId;
        switch (item.EventType)
        {
            case SoakServer.StartEvent:
                if (_hasBegun)
                    findings.Report($"{Client}: expected {_next} after a resume, and the stream began from the start.");
                (_hasBegun, _next) = (true, 0);
                // The client is subscribed, so events that are published from now on must come.
                _limit = feed.LatestOf(channel) + 1;
                break;
            case SoakServer.GapEvent:
                // A slow reader can fall behind the history. For others, the history is large enough.
                if (kind == ClientKind.Slow)
                    findings.CountGap();
                else
                    findings.Report($"{Client}: expected {_next}, and got a gap event.");
                (_hasBegun, _next) = (false, 0);
                break;
            default:
                ReceiveNumbered(item.Data);
                break;
        }
    }

    /// <summary>Returns whether the client has received all events up to a number.</summary>
    internal bool IsComplete(int last) => _next == 0 ? _limit > last : _next == last + 1;

    internal void ReportIncomplete(int last) =>
        findings.Report($"{Client}: {last} events were published, and {_next} is the next event to come (0: the first).");

    private void ReceiveNumbered(string data)
    {
        var parts = data.Split(' ', 3);
        var (itsChannel, number) = (Parse.Number(parts[0]), Parse.Number(parts[1]));
        if (itsChannel != channel)
            findings.Report($"{Client}: event {number} of channel {itsChannel} came.");
        else if (_next != 0 && number != _next)
            findings.Report($"{Client}: expected {_next}, and {number} came.");
        else if (_next == 0 && number > _limit)
            findings.Report($"{Client}: the first event should be at most {_limit}, and {number} came.");
        else if (parts[2].Length != feed.BytesOf(channel) || parts[2].AsSpan().ContainsAnyExcept('x'))
            findings.Report($"{Client}: event {number} has other data than was published.");
        _next = number + 1;
        findings.CountDelivery();
    }
}
