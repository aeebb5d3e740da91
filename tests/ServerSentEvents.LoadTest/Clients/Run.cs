using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>
/// One measurement. Publishing is never further ahead than the window of the client that is furthest behind: another event
/// is published when all clients have received one.
/// </summary>
internal sealed class Run(Audience audience, int serverId)
{
    private readonly Histogram _latencies = new();

    /// <summary>How many clients have received each event.</summary>
    private readonly List<int> _receipts = [];

    /// <summary>How many events everybody has received.</summary>
    private int _complete;

    internal RunResult Measure(Scenario scenario, int events, TimeSpan duration)
    {
        var inFlight = scenario.InFlight;
        var processorTime = ProcFile.ProcessorTime(serverId);
        var start = Stopwatch.GetTimestamp();
        var published = events == 0 ? inFlight : Math.Min(inFlight, events);
        audience.Source.Publish(published, scenario);
        for (var (before, since) = (0, start); _complete < published;)
        {
            audience.Receive(Count);
            if (_complete > before)
                (before, since) = (_complete, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(since) > Audience.Patience)
                throw new TimeoutException($"Of {published} events {_complete} have come to everybody, and {_receipts.Count} to anybody.");
            var more = _complete + inFlight - published;
            if (events > 0)
                more = Math.Min(more, events - published);
            else if (Stopwatch.GetElapsedTime(start) >= duration)
                more = 0;
            if (more == 0)
                continue;
            published += more;
            audience.Source.Publish(more, scenario);
        }

        var elapsed = Stopwatch.GetElapsedTime(start);
        processorTime = ProcFile.ProcessorTime(serverId) - processorTime;
        audience.Clear();
        return new RunResult(
            (long)published * audience.Count, elapsed, processorTime,
            Time(_latencies.Quantile(0.5)), Time(_latencies.Quantile(0.99)), Time(_latencies.Max));
    }

    private static TimeSpan Time(long ticks) => TimeSpan.FromSeconds((double)ticks / Stopwatch.Frequency);

    private void Count(Connection connection)
    {
        var now = Stopwatch.GetTimestamp();
        var stream = audience.Stream;
        while (connection.Events < stream.Ends.Count && stream.Ends[connection.Events] <= connection.Position)
        {
            var number = connection.Events++;
            if (number == _receipts.Count)
                _receipts.Add(0);
            _receipts[number]++;
            _latencies.Add(now - stream.Published[number]);
            while (_complete < _receipts.Count && _receipts[_complete] == audience.Count)
                _complete++;
        }
    }
}
