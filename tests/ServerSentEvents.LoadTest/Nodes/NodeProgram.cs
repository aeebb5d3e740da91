using System.Diagnostics;
using System.Globalization;
using ServerSentEvents.LoadTest.Nodes.Brokers;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>The process of a node. Runs the commands in its input, and ends when the input ends.</summary>
internal sealed class NodeProgram(INode node, int index, int length)
{
    /// <summary>A limit that only a failed broker reaches.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private int _number = NodeNumber.First(index);

    internal static async Task RunAsync(Broker broker, bool isOurs, int port, string stream, int index, int length, int clients)
    {
        Inbox[] inboxes = [.. Enumerable.Range(0, isOurs ? clients : 1).Select(_ => new Inbox(index))];
        await using var node = isOurs
            ? await BackplaneNode.ConnectAsync(broker, port, stream, inboxes)
            : await broker.ConnectBareAsync(port, stream, inboxes[0]);
        Say($"ready");
        var program = new NodeProgram(node, index, length);
        while (await Console.In.ReadLineAsync() is { } line)
            await program.DoAsync(line.Split(' '));
    }

    private async Task DoAsync(string[] command)
    {
        switch (command)
        {
            case ["publish", var events, var seconds, var inFlight]:
                await PublishAsync(Parse.Number(events), Parse.Fraction(seconds), Parse.Number(inFlight));
                break;
            case ["pace", var events, var rate]:
                await PaceAsync(Parse.Number(events), Parse.Number(rate));
                break;
            case ["await", var total]:
                var count = long.Parse(total, CultureInfo.InvariantCulture);
                var reached = await Task.WhenAll(node.Inboxes.Select(inbox => inbox.ReachedAsync(count))).WaitAsync(Patience);
                Say($"received {reached.Max()}");
                break;
            case ["forget"]:
                foreach (var inbox in node.Inboxes)
                    inbox.TakeLatencies();
                Say($"forgotten");
                break;
            case ["latencies"]:
                Console.WriteLine(string.Join(' ', node.Inboxes.SelectMany(inbox => inbox.TakeLatencies())));
                break;
            default:
                throw new ArgumentException($"'{string.Join(' ', command)}' is not a command.", nameof(command));
        }
    }

    /// <summary>Publishes a number of events. If the number is 0, publishes for a number of seconds.</summary>
    private async Task PublishAsync(int events, double seconds, int inFlight)
    {
        var begun = Stopwatch.GetTimestamp();
        var count = 0;
        for (; events > 0 ? count < events : Stopwatch.GetElapsedTime(begun).TotalSeconds < seconds; count++)
            await node.PublishAsync(EventData.New(_number++, length), inFlight);
        await node.FlushAsync();
        Say($"published {count} {begun}");
    }

    /// <summary>Publishes at a steady rate.</summary>
    private async Task PaceAsync(int events, int rate)
    {
        var begun = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        for (var i = 0; i < events; i++)
        {
            await timer.WaitForNextTickAsync();
            await node.PublishAsync(EventData.New(_number++, length), Scenario.MostInFlight);
        }

        await node.FlushAsync();
        Say($"published {events} {begun}");
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
