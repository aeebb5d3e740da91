using System.Diagnostics;
using System.Globalization;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>Runs one phase: starts the servers, lets clients come and go, and checks that nothing is left in the end.</summary>
internal sealed class PhaseRun(SoakPhase phase, SoakOptions options, TimeSpan duration, Findings findings)
{
    /// <summary>The part of a phase before the first quarter. It is longer if the clients need more time to come.</summary>
    private const double WarmUp = 0.2;

    /// <summary>The limit of each wait at the end. Only a fault reaches it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    internal async Task<PhaseResult> RunAsync()
    {
        if (phase.Broker is null)
            return await RunServersAsync(brokerPort: 0, faults: null);
        await using var broker = await phase.Broker.StartAsync();
        if (options.SecondsBetweenFaults == 0)
            return await RunServersAsync(broker.Port, faults: null);
        await using var faults = new BrokerFaults(
            broker, TimeSpan.FromSeconds(options.SecondsBetweenFaults), new Random(options.Seed), findings);
        return await RunServersAsync(faults.Port, faults);
    }

    private async Task<PhaseResult> RunServersAsync(int brokerPort, BrokerFaults? faults)
    {
        var nodes = new List<SoakNode>();
        try
        {
            for (var i = 0; i < phase.NodeCount; i++)
                nodes.Add(new SoakNode(phase, brokerPort));
            return await RunClientsAsync(nodes, faults);
        }
        finally
        {
            nodes.ForEach(node => node.Dispose());
        }
    }

    private async Task<PhaseResult> RunClientsAsync(List<SoakNode> nodes, BrokerFaults? faults)
    {
        var starts = await SampleAsync(nodes, seconds: 0);
        var sampler = new Sampler(nodes);
        var feed = new EventFeed(nodes, options.Clients, options.Rate);
        using var crowd = new Crowd(phase, nodes, feed, sampler, findings, options.Clients) { RampUp = duration / 10 };
        using var stopPublishing = new CancellationTokenSource();
        using var stopSampling = new CancellationTokenSource();
        var publishing = feed.RunAsync(stopPublishing.Token);
        var sampling = sampler.RunAsync(stopSampling.Token);
        var breaking = faults?.Start() ?? Task.CompletedTask;
        var (nonReaders, readers) = crowd.Start(options.Seed);

        var failure = FirstFailureAsync(publishing, sampling, breaking);
        await UnlessAsync(failure, Task.WhenAll(crowd.AllHaveCome.WaitAsync(Patience), Task.Delay(duration * WarmUp)));
        var begin = sampler.Elapsed;
        crowd.End = begin + (duration * (1 - WarmUp));
        var heaps = await CollectQuartersAsync(nodes, sampler, begin, crowd.End, failure);
        Say(sampler, "no client comes anymore; waiting for those that do not read");
        await crowd.CloseAsync();
        if (faults is not null)
            await faults.StopAsync();
        // Events must go on: only a full queue shows the server that a client does not read.
        await nonReaders;
        Say(sampler, "publishing ends; waiting for the last deliveries");
        await stopPublishing.CancelAsync();
        await publishing;
        await AwaitLastEventsAsync(crowd);
        Say(sampler, "all clients leave; waiting until nothing is left");
        await crowd.LeaveAsync();
        await readers.WaitAsync(Patience);
        // Close the connections now: their handles must be gone before the last sample.
        crowd.Dispose();
        await stopSampling.CancelAsync();
        await sampling;

        var ends = await AwaitNothingLeftAsync(nodes, starts, sampler);
        for (var i = 0; i < nodes.Count; i++)
            heaps[i].Add((sampler.Elapsed.TotalSeconds, await nodes[i].CollectAsync()));
        bool IsSteady(Sample sample) => sample.Seconds >= begin.TotalSeconds && sample.Seconds <= crowd.End.TotalSeconds;
        var figures = nodes.Select((_, i) => new NodeFigures(
            starts[i], [.. sampler.Samples[i].Where(IsSteady)], [.. sampler.Samples[i], ends[i]], ends[i], heaps[i])).ToList();
        FlatLine.Check(figures, options.Clients, findings);
        for (var i = 0; i < nodes.Count; i++)
        {
            if (await nodes[i].GetStateAsync() is { Failures: > 0 and var failures })
                findings.Report($"{failures} requests of process {i + 1} have ended with an exception.");
        }

        return new PhaseResult(phase, figures, findings, feed.Published);
    }

    /// <summary>Waits for the end of the phase, and collects the garbage of each node at the end of each quarter.</summary>
    private static async Task<List<(double Seconds, long Bytes)>[]> CollectQuartersAsync(
        List<SoakNode> nodes, Sampler sampler, TimeSpan begin, TimeSpan end, Task failure)
    {
        var heaps = nodes.Select(_ => new List<(double, long)>()).ToArray();
        for (var quarter = 1; quarter <= NodeFigures.Quarters; quarter++)
        {
            var rest = begin + ((end - begin) * quarter / NodeFigures.Quarters) - sampler.Elapsed;
            await UnlessAsync(failure, Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero));
            for (var i = 0; i < nodes.Count; i++)
                heaps[i].Add((sampler.Elapsed.TotalSeconds, await nodes[i].CollectAsync()));
        }

        return heaps;
    }

    /// <summary>Waits until the first of some tasks fails, and throws its exception.</summary>
    private static async Task FirstFailureAsync(params Task[] tasks)
    {
        await foreach (var task in Task.WhenEach(tasks))
            await task;
    }

    /// <summary>Waits for a task, unless another task fails before.</summary>
    private static async Task UnlessAsync(Task failure, Task task)
    {
        if (await Task.WhenAny(failure, task) == failure)
            await failure;
        await task;
    }

    private static async Task AwaitLastEventsAsync(Crowd crowd)
    {
        await UntilAsync(() => Task.FromResult(crowd.Incomplete().Count == 0));
        foreach (var (sequence, last) in crowd.Incomplete())
            sequence.ReportIncomplete(last);
    }

    private async Task<IReadOnlyList<Sample>> AwaitNothingLeftAsync(List<SoakNode> nodes, IReadOnlyList<Sample> starts, Sampler sampler)
    {
        IReadOnlyList<Sample> ends = [];
        await UntilAsync(async () =>
        {
            ends = await SampleAsync(nodes, sampler.Elapsed.TotalSeconds);
            return ends.Zip(starts).All(pair => IsLikeStart(pair.First, pair.Second));
        });
        foreach (var (end, start) in ends.Zip(starts).Where(pair => !IsLikeStart(pair.First, pair.Second)))
            findings.Report($"{end.Subscriptions} subscriptions and {end.Handles} handles are left; at the start there were {start.Handles} handles.");
        return ends;
    }

    private static bool IsLikeStart(Sample end, Sample start) =>
        end.Subscriptions == 0 && end.Handles <= start.Handles + FlatLine.SpareHandles;

    private static async Task<IReadOnlyList<Sample>> SampleAsync(List<SoakNode> nodes, double seconds)
    {
        var samples = new List<Sample>();
        foreach (var node in nodes)
            samples.Add((await Sample.TakeAsync(node, seconds)).Sample);
        return samples;
    }

    private void Say(Sampler sampler, string text) => Console.Error.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{phase.Name}: after {sampler.Elapsed.TotalSeconds:F1} seconds: {text}"));

    /// <summary>Waits until a condition holds, or until the patience is at its end.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await condition() && Stopwatch.GetElapsedTime(start) < Patience)
            await Task.Delay(TimeSpan.FromSeconds(0.2));
    }
}
