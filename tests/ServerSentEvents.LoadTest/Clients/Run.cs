using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>One measurement.</summary>
/// <param name="audience">The clients.</param>
/// <param name="serverId">The process whose CPU time counts.</param>
/// <param name="events">The number of events to publish, or 0 to publish until the duration is over.</param>
/// <param name="duration">The time for publishing if the number of events is 0.</param>
internal sealed class Run(Audience audience, int serverId, int events, TimeSpan duration)
{
    private readonly Deliveries _deliveries = new(audience);

    /// <summary>The number of events that all clients have received, and the time when this number last changed.</summary>
    private (int Complete, long Since) _progress = (0, Stopwatch.GetTimestamp());

    internal RunResult Measure(Scenario scenario)
    {
        var processorTime = ProcFile.ProcessorTime(serverId);
        var start = Stopwatch.GetTimestamp();
        var published = scenario.Rate > 0 ? PublishAtFixedTimes(scenario, start) : PublishInWindow(scenario, start);
        var elapsed = Stopwatch.GetElapsedTime(start);
        processorTime = ProcFile.ProcessorTime(serverId) - processorTime;
        audience.Clear();
        var latencies = _deliveries.Latencies;
        return new RunResult(
            (long)published * audience.Count, elapsed, processorTime,
            Time(latencies.Quantile(0.5)), Time(latencies.Quantile(0.99)), Time(latencies.Max));
    }

    /// <summary>Keeps a window of events in flight: publishes another event when all clients have received one.</summary>
    private int PublishInWindow(Scenario scenario, long start)
    {
        var inFlight = scenario.InFlight;
        var published = events == 0 ? inFlight : Math.Min(inFlight, events);
        audience.Source.Publish(published, scenario);
        while (_deliveries.Complete < published)
        {
            Receive(Audience.Patience);
            var more = _deliveries.Complete + inFlight - published;
            if (events > 0)
                more = Math.Min(more, events - published);
            else if (Stopwatch.GetElapsedTime(start) >= duration)
                more = 0;
            if (more == 0)
                continue;
            published += more;
            audience.Source.Publish(more, scenario);
        }

        return published;
    }

    /// <summary>
    /// Publishes events when they are due. If all events that may be in flight are in flight, publishing waits for the server.
    /// Then the real rate is lower than the option says, but each latency still counts from the due time.
    /// </summary>
    private int PublishAtFixedTimes(Scenario scenario, long start)
    {
        var period = Stopwatch.Frequency / scenario.Rate;
        var wanted = events > 0 ? events : (int)(duration.TotalSeconds * scenario.Rate);
        var published = 0;
        while (_deliveries.Complete < published || published < wanted)
        {
            var mayPublish = published < wanted && published - _deliveries.Complete < scenario.InFlight;
            var due = start + (period * published);
            var wait = Time(due - Stopwatch.GetTimestamp());
            if (mayPublish && wait <= TimeSpan.Zero)
            {
                audience.Source.PublishDue(due);
                published++;
                // Publish everything that is due before the next receive, so that busy clients do not delay publishing.
                continue;
            }

            Receive(mayPublish ? wait : Audience.Patience);
            if (events == 0 && Stopwatch.GetElapsedTime(start) >= duration)
                wanted = published;
        }

        return published;
    }

    /// <exception cref="TimeoutException">No event was completed for a long time.</exception>
    private void Receive(TimeSpan limit)
    {
        audience.Receive(limit);
        if (_deliveries.Complete > _progress.Complete || limit != Audience.Patience)
            _progress = (_deliveries.Complete, Stopwatch.GetTimestamp());
        else if (Stopwatch.GetElapsedTime(_progress.Since) >= Audience.Patience)
            throw new TimeoutException($"{_deliveries.Complete} events have come to all clients, {_deliveries.Begun} to any.");
    }

    private static TimeSpan Time(long ticks) => TimeSpan.FromSeconds((double)ticks / Stopwatch.Frequency);
}
