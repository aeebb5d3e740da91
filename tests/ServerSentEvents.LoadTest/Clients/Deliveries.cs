using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>Counts the events that clients receive, and how long each took.</summary>
internal sealed class Deliveries
{
    private readonly Audience _audience;

    /// <summary>The number of clients that have received each event.</summary>
    private readonly List<int> _receipts = [];

    internal Deliveries(Audience audience)
    {
        _audience = audience;
        audience.Received = Count;
    }

    internal Histogram Latencies { get; } = new();

    /// <summary>The number of events that at least one client has received.</summary>
    internal int Begun => _receipts.Count;

    /// <summary>The number of events that all clients have received.</summary>
    internal int Complete { get; private set; }

    private void Count(Reader reader)
    {
        var now = Stopwatch.GetTimestamp();
        var stream = _audience.Stream;
        while (reader.Events < stream.Ends.Count && stream.Ends[reader.Events] <= reader.Position)
        {
            var number = reader.Events++;
            if (number == _receipts.Count)
                _receipts.Add(0);
            _receipts[number]++;
            Latencies.Add(now - stream.Due[number]);
            while (Complete < _receipts.Count && _receipts[Complete] == _audience.Count)
                Complete++;
        }
    }
}
