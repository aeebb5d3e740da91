using System.Diagnostics;
using System.Globalization;
using ServerSentEvents.LoadTest.Nodes.Brokers;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>Nodes that share a stream, each in another process.</summary>
internal sealed class NodeGroup : IDisposable
{
    private readonly List<ChildProcess> _nodes = [];
    private readonly BrokerInstance _instance;
    private readonly Options _options;
    private long _published;

    internal NodeGroup(Broker broker, BrokerInstance instance, bool isOurs, int count, Options options)
    {
        (IsOurs, _instance, _options) = (isOurs, instance, options);
        var stream = $"{Name}-{count}";
        // The first node creates the stream.
        for (var i = 0; i < count; i++)
        {
            _nodes.Add(ChildProcess.OfThisProgram(
                Affinity.None, "node", broker.Name, isOurs.ToString(), Text(instance.Port), stream, Text(i),
                Text(options.Bytes - EventData.EnvelopeBytes), Text(options.Clients)));
            _nodes[i].ReadLine();
        }
    }

    internal bool IsOurs { get; }

    internal int Count => _nodes.Count;

    internal string Name => IsOurs ? "ours" : "bare";

    /// <summary>Lets all nodes publish as fast as they can.</summary>
    internal Throughput MeasureThroughput(Scenario scenario) => MeasureThroughput(scenario, _options.Events, _options.Seconds);

    internal void WarmUp(Scenario scenario) => MeasureThroughput(scenario, events: 0, _options.WarmUp);

    /// <summary>Lets one node publish at a steady rate. Returns the latencies at the clients of other nodes, in milliseconds.</summary>
    internal IReadOnlyList<double> MeasureLatency()
    {
        _nodes.ForEach(node => node.Ask("forget"));
        var events = _options.Events > 0 ? _options.Events : (int)(_options.Rate * _options.Seconds);
        _nodes[0].Tell(string.Create(CultureInfo.InvariantCulture, $"pace {events} {_options.Rate}"));
        AwaitAll(Answer(_nodes[0])[0]);
        return [.. _nodes.Skip(1).SelectMany(node => node.Ask("latencies").Split(' ')).Select(Milliseconds)];
    }

    public void Dispose() => _nodes.ForEach(node => node.Dispose());

    private Throughput MeasureThroughput(Scenario scenario, int events, double seconds)
    {
        var nodes = NodesTime;
        var broker = _instance.ProcessorTime;
        var command = string.Create(CultureInfo.InvariantCulture, $"publish {events} {seconds} {scenario.InFlight}");
        _nodes.ForEach(node => node.Tell(command));
        var published = _nodes.ConvertAll(Answer);
        var received = AwaitAll(published.Sum(answer => answer[0]));
        return new Throughput(
            published.Sum(answer => answer[0]),
            Stopwatch.GetElapsedTime(published.Min(answer => answer[1]), received),
            NodesTime - nodes,
            _instance.ProcessorTime - broker);
    }

    private TimeSpan NodesTime => _nodes.Aggregate(TimeSpan.Zero, (sum, node) => sum + ProcFile.ProcessorTime(node.Id));

    /// <summary>Waits until every node has received a number of further events. Returns the time of the last event.</summary>
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
