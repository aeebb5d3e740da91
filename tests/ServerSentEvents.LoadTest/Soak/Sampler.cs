using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>Takes the figures of each server process once a second.</summary>
internal sealed class Sampler(IReadOnlyList<SoakNode> nodes)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<Sample>[] _samples = [.. nodes.Select(_ => new List<Sample>())];

    /// <summary>The subscribed non-readers of the latest sample, and the time before that sample.</summary>
    private volatile Tuple<long, HashSet<int>> _nonReaders = new(0, []);

    /// <summary>The samples of each node. Read them when the sampler has ended.</summary>
    internal IReadOnlyList<IReadOnlyList<Sample>> Samples => _samples;

    internal TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    internal async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        while (!stop.IsCancellationRequested)
        {
            var before = Stopwatch.GetTimestamp();
            var nonReaders = new HashSet<int>();
            for (var i = 0; i < nodes.Count; i++)
            {
                var (sample, state) = await Sample.TakeAsync(nodes[i], Elapsed.TotalSeconds);
                _samples[i].Add(sample);
                nonReaders.UnionWith(state.NonReaders);
            }

            _nonReaders = new(before, nonReaders);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>Returns whether a sample after a time has shown that no node has a subscription of a non-reader.</summary>
    internal bool IsGone(int nonReader, long since) => _nonReaders is var (time, nonReaders) && time > since && !nonReaders.Contains(nonReader);
}
