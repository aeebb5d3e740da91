using System.Diagnostics;
using System.Globalization;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>Some nodes that share a stream, each a process, to be measured again and again.</summary>
internal sealed class NodeGroup : IDisposable
{
    private readonly List<ChildProcess> _nodes = [];
    private readonly int _brokerId;
    private readonly Options _options;
    private long _published;

    internal NodeGroup(bool isOurs, int count, int port, int brokerId, Options options)
    {
        (IsOurs, _brokerId, _options) = (isOurs, brokerId, options);
        var stream = $"{Name}-{count}";
        // One after the other: whoever is first makes the stream.
        for (var i = 0; i < count; i++)
        {
            _nodes.Add(ChildProcess.OfThisProgram(
                Affinity.None, "node", isOurs.ToString(), Text(port), stream, Text(i), Text(options.Bytes - EventData.EnvelopeBytes),
                Text(options.Clients)));
            _nodes[i].ReadLine();
        }
    }

    internal bool IsOurs { get; }

    internal int Count => _nodes.Count;

    internal string Name => IsOurs ? "ours" : "bare";

    /// <summary>All nodes publish, as much as they can.</summary>
    internal CarriedResult Carry(Scenario scenario)
    {
        var nodes = NodesTime;
        var broker = ProcFile.ProcessorTimeOfTree(_brokerId);
        var command = string.Create(CultureInfo.InvariantCulture, $"publish {_options.Events} {_options.Seconds} {scenario.InFlight}");
        _nodes.ForEach(node => node.Tell(command));
        var published = _nodes.ConvertAll(Answer);
        var received = AwaitAll(published.Sum(answer => answer[0]));
        return new CarriedResult(
            published.Sum(answer => answer[0]),
            Stopwatch.GetElapsedTime(published.Min(answer => answer[1]), received),
            NodesTime - nodes,
            ProcFile.ProcessorTimeOfTree(_brokerId) - broker);
    }

    /// <summary>One node publishes at a steady rate; returns how many milliseconds each event took to each client elsewhere.</summary>
    internal IReadOnlyList<double> Pace()
    {
        _nodes.ForEach(node => node.Ask("forget"));
        var events = _options.Events > 0 ? _options.Events : (int)(_options.Rate * _options.Seconds);
        _nodes[0].Tell(string.Create(CultureInfo.InvariantCulture, $"pace {events} {_options.Rate}"));
        AwaitAll(Answer(_nodes[0])[0]);
        return [.. _nodes.Skip(1).SelectMany(node => node.Ask("latencies").Split(' ')).Select(Milliseconds)];
    }

    public void Dispose() => _nodes.ForEach(node => node.Dispose());

    private TimeSpan NodesTime => _nodes.Aggregate(TimeSpan.Zero, (sum, node) => sum + ProcFile.ProcessorTime(node.Id));

    /// <summary>Returns when the last node had received so many more.</summary>
    private long AwaitAll(long more)
    {
        _published += more;
        _nodes.ForEach(node => node.Tell(string.Create(CultureInfo.InvariantCulture, $"await {_published}")));
        return _nodes.ConvertAll(Answer).Max(answer => answer[0]);
    }

    private static long[] Answer(ChildProcess node) =>
        [.. node.ReadLine().Split(' ').Skip(1).Select(text => long.Parse(text, CultureInfo.InvariantCulture))];

    private static double Milliseconds(string ticks) =>
        Stopwatch.GetElapsedTime(0, long.Parse(ticks, CultureInfo.InvariantCulture)).TotalMilliseconds;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
