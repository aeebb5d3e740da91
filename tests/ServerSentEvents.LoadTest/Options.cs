using System.Globalization;
using ServerSentEvents.LoadTest.Nodes;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest;

/// <summary>What is asked for on the command line.</summary>
internal sealed class Options
{
    internal const string Usage =
        """
        Compares servers of Server-Sent Events, in some minutes. Needs Linux. All options can be left out:
          --clients N      connections to each server (1000)
          --bytes P        bytes of an event on the wire, at least 64 (100)
          --events M       events of each measurement; without it each lasts --seconds
          --seconds S      how long each measurement lasts (2)
          --in-flight W    how far publishing may be ahead of the slowest client; with a p behind
                           it, events are posted without waiting for the answer to the one before;
                           several: 64,1 (64,64p,1)
          --rounds R       measurements of each server, in turns; the median counts (5)
          --idle N         connections for the measurement of memory, 0 for none (10000)
          --only A,B       of ours, channel, typed-results, nchan (all)
          --inline true    Kestrel with UnsafePreferInlineScheduling, for all but nchan (false)
          --picture FILE   writes the deliveries a second as an SVG

        With --nodes, measures the backplane instead: its nodes and the client library of RabbitMQ
        alone, side by side over one broker. Needs rabbitmq-server.
          --nodes N,M      so many nodes that share the broker, up to 32; several, in turns (2,4)
          --clients N      clients of each node, in its process (1)
          --in-flight W    events that each node may have in flight, beyond 512 with a p behind it;
                           several (64p,512p,2048p)
          --rate R         events a second while latency is measured, up to 1000; 0 for none (100)
          --bytes, --events, --seconds and --rounds as above
        """;

    private const int SmallestEvent = 64;
    private const int DefaultClients = 1_000;
    private const string DefaultNodes = "2,4";
    private const int FastestPace = 1000;

    /// <summary>One address has 28,000 ports to connect from.</summary>
    private const int MostClients = 25_000;

    internal int Clients { get; private set; } = DefaultClients;

    internal int Bytes { get; private set; } = 100;

    /// <summary>0 for as many as <see cref="Seconds"/> allow.</summary>
    internal int Events { get; private set; }

    internal double Seconds { get; private set; } = 2;

    internal IReadOnlyList<Scenario> Scenarios { get; private set; } = [new(64, false), new(64, true), new(1, false)];

    /// <summary>How many nodes share a broker; none for the comparison of servers.</summary>
    internal IReadOnlyList<int> Nodes { get; private set; } = [];

    /// <summary>Events a second while latency is measured; 0 where it is not.</summary>
    internal int Rate { get; private set; } = 100;

    internal int Rounds { get; private set; } = 5;

    internal int Idle { get; private set; } = 10_000;

    internal IReadOnlyList<ServerKind> Kinds { get; private set; } = ServerKind.All;

    internal bool Inline { get; private set; }

    internal string? Picture { get; private set; }

    /// <exception cref="ArgumentException">An option is unknown, or its value is out of its range.</exception>
    internal static Options From(string[] arguments)
    {
        var options = new Options();
        if (arguments.Contains("--nodes", StringComparer.Ordinal))
            (options.Clients, options.Scenarios) = (1, [new(64, true), new(512, true), new(2048, true)]);
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (arguments[i] == "--nodes" && (i + 1 == arguments.Length || arguments[i + 1].StartsWith("--", StringComparison.Ordinal)))
                options.Set(arguments[i--], DefaultNodes);
            else if (i + 1 == arguments.Length)
                throw new ArgumentException($"{arguments[i]} needs a value.", nameof(arguments));
            else
                options.Set(arguments[i], arguments[i + 1]);
        }

        return options;
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
            case "--in-flight":
                Scenarios = [.. value.Split(',').Select(Scenario.Parse)];
                break;
            case "--nodes":
                Nodes = [.. value.Split(',').Select(each => Number(name, each, 2, NodeNumber.MostNodes))];
                break;
            case "--rate":
                Rate = Number(name, value, 0, FastestPace);
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
                Inline = value == "true";
                break;
            case "--picture":
                Picture = value;
                break;
            default:
                throw new ArgumentException($"{name} is not an option.", name);
        }
    }

    private static int Number(string name, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new ArgumentException($"{name} is a number from {least} to {most}, and not '{value}'.", name);
}
