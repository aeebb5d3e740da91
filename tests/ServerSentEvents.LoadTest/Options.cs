using System.Globalization;
using ServerSentEvents.LoadTest.Nodes;
using ServerSentEvents.LoadTest.Nodes.Brokers;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest;

/// <summary>The options on the command line.</summary>
internal sealed class Options
{
    internal const string Usage =
        """
        Compares servers of Server-Sent Events, in some minutes. Needs Linux. All options can be left out:
          --clients N      clients of each server (1000)
          --bytes P        bytes of an event on the wire, at least 64 (100)
          --events M       events of each measurement; without it each lasts --seconds
          --seconds S      duration of each measurement (2)
          --warm-up S      duration of each scenario before the first measurement (15)
          --in-flight W    the number of events by which publishing may be ahead of the slowest client;
                           with a p at the end, events are posted without waiting for the answer to
                           the event before; several: 64,1 (64,64p,1; none with --rate)
          --rate R         events a second at fixed times, whatever the server does, up to 1000;
                           latency counts from these times; several: 10,100,1000
          --rounds R       measurements of each server, in turns; the median counts (5)
          --idle N         clients for the measurement of memory, 0 for none (10000)
          --only A,B       of ours, channel, typed-results, nchan, bare, bare-batch (all); bare is a
                           loop over sockets with one send for each client and event, bare-batch sends
                           each client all that is new by one send
          --picture FILE   writes the deliveries a second as an SVG
        Options of the servers on Kestrel; all but --inline leave the other servers out:
          --inline true    UnsafePreferInlineScheduling (false)
          --tls true       TLS, with a certificate that the server makes in memory (false)
          --http2 N        HTTP/2, with N streams on a connection, up to 100
          --personalized true
                           each client gets its own form of each event (false)
          --background N   N work items of 10 ms are always in the server's thread pool (0)

        With --nodes, measures the backplane instead: its nodes and the client library of the broker
        alone, side by side over one broker. Needs rabbitmq-server or redis-server.
          --broker B       rabbitmq or redis; several, one after the other: rabbitmq,redis (rabbitmq)
          --nodes N,M      number of nodes that share the broker, up to 32; several, in turns (2,4)
          --clients N      clients of each node, in its process (1)
          --in-flight W    events that each node may have in flight, beyond 512 with a p at the end;
                           several (64p,512p,2048p)
          --rate R         events a second while latency is measured, up to 1000; 0 for none (100)
          --bytes, --events, --seconds, --warm-up and --rounds as above

        With --soak, checks instead of measuring: clients come, stay, hang, read slowly, vanish and resume.
          --soak A,B       phases, one after the other: http1, tls, http2, rabbitmq, redis (all); the last
                           two have two servers that share the broker
          --clients N      clients (5000)
          --seconds S      duration of all phases together, at least 5 for each (1800)
          --rate R         events a second, up to 1000 (200)
          --seed N         seed of the clients' behavior (another one each time)
          --faults S       mean pause between two faults of the broker, in seconds; 0 for no faults (0)
          --picture FILE   writes memory, handles, threads and subscriptions over time as an SVG

        With --storm, measures how all clients of a server reconnect to another one, after a graceful shutdown
        and after a crash. Needs a higher limit of open files: ulimit -n 65536.
          --storm J,K      jitters of the reconnection in seconds, one after the other (0,10,30)
          --clients N      clients (20000)
          --tls true       TLS (false)
        """;

    private const int SmallestEvent = 64;
    private const int DefaultClients = 1_000;
    internal const int FastestRate = 1000;
    private const int DefaultRate = 100;
    private const int MostStreams = 100;

    /// <summary>The limit of the number of clients. One address has 28,000 ports to connect from.</summary>
    internal const int MostClients = 25_000;

    private static readonly IReadOnlyList<int> DefaultNodes = [2, 4];

    private IReadOnlyList<int> _rates = [];

    internal int Clients { get; private set; } = DefaultClients;

    internal int Bytes { get; private set; } = 100;

    /// <summary>The number of events of each measurement; 0 to publish for <see cref="Seconds"/>.</summary>
    internal int Events { get; private set; }

    internal double Seconds { get; private set; } = 2;

    /// <summary>
    /// The seconds that each server runs each scenario before the first measurement. Until then, the runtime optimizes the hot code.
    /// It first adds instruments, which take a third of the time of a delivery.
    /// </summary>
    internal int WarmUp { get; private set; } = 15;

    /// <summary>The ways to publish. Each has one measurement.</summary>
    internal IReadOnlyList<Scenario> Scenarios { get; private set; } = [];

    /// <summary>The numbers of nodes that share a broker; empty for the comparison of servers.</summary>
    internal IReadOnlyList<int> Nodes { get; private set; } = [];

    /// <summary>The brokers that nodes share. The load test uses one broker after the other.</summary>
    internal IReadOnlyList<Broker> Brokers { get; private set; } = [Broker.All[0]];

    /// <summary>The events a second at which the latency of nodes is measured; 0 for no measurement.</summary>
    internal int Rate => _rates is [var rate, ..] ? rate : DefaultRate;

    internal int Rounds { get; private set; } = 5;

    internal int Idle { get; private set; } = 10_000;

    internal IReadOnlyList<ServerKind> Kinds { get; private set; } = ServerKind.All;

    internal Setup Setup { get; private set; } = new();

    internal string? Picture { get; private set; }

    /// <exception cref="ArgumentException">An option is unknown, or its value is out of its range.</exception>
    internal static Options From(string[] arguments)
    {
        var options = new Options();
        if (arguments.Contains("--nodes", StringComparer.Ordinal))
            (options.Clients, options.Nodes) = (1, DefaultNodes);
        Parse.Options(arguments, "--nodes", options.Set);
        options.Scenarios = options.AllScenarios();
        return options;
    }

    /// <summary>Returns the scenarios of the command line. Without such an option, returns the defaults.</summary>
    private IReadOnlyList<Scenario> AllScenarios()
    {
        if (Nodes.Count > 0)
            return Scenarios.Count > 0 ? Scenarios : [new(64, true), new(512, true), new(2048, true)];
        IReadOnlyList<Scenario> all = [.. Scenarios, .. _rates.Where(rate => rate > 0).Select(Scenario.AtRate)];
        return all.Count > 0 ? all : [new(64, false), new(64, true), new(1, false)];
    }

    private void Set(string name, string value)
    {
        switch (name)
        {
            case "--clients":
                Clients = Number(name, value, 1, MostClients);
                break;
            case "--bytes":
                Bytes = Number(name, value, SmallestEvent, 1_000_000);
                break;
            case "--events":
                Events = Number(name, value, 1, int.MaxValue);
                break;
            case "--seconds":
                Seconds = Number(name, value, 1, 3600);
                break;
            case "--warm-up":
                WarmUp = Number(name, value, 0, 3600);
                break;
            case "--in-flight":
                Scenarios = [.. value.Split(',').Select(Scenario.Parse)];
                break;
            case "--nodes":
                Nodes = [.. value.Split(',').Select(each => Number(name, each, 2, NodeNumber.MostNodes))];
                break;
            case "--broker":
                Brokers = [.. value.Split(',').Select(Broker.Named)];
                break;
            case "--rate":
                _rates = [.. value.Split(',').Select(each => Number(name, each, 0, FastestRate))];
                break;
            case "--rounds":
                Rounds = Number(name, value, 1, 1000);
                break;
            case "--idle":
                Idle = Number(name, value, 0, MostClients);
                break;
            case "--only":
                Kinds = [.. value.Split(',').Select(ServerKind.Named)];
                break;
            case "--inline":
                Setup = Setup with { Inline = Switch(name, value) };
                break;
            case "--tls":
                Setup = Setup with { Tls = Switch(name, value) };
                break;
            case "--http2":
                Setup = Setup with { Http2 = Number(name, value, 1, MostStreams) };
                break;
            case "--personalized":
                Setup = Setup with { Personalized = Switch(name, value) };
                break;
            case "--background":
                Setup = Setup with { Background = Number(name, value, 0, 1000) };
                break;
            case "--picture":
                Picture = value;
                break;
            default:
                throw new ArgumentException($"{name} is not an option.", name);
        }
    }

    internal static bool Switch(string name, string value) =>
        bool.TryParse(value, out var result)
            ? result
            : throw new ArgumentException($"{name} is true or false, and not '{value}'.", name);

    internal static int Number(string name, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new ArgumentException($"{name} is a number from {least} to {most}, and not '{value}'.", name);
}
