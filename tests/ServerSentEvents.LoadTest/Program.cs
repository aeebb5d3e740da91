using ServerSentEvents.LoadTest;
using ServerSentEvents.LoadTest.Clients;
using ServerSentEvents.LoadTest.Nodes;
using ServerSentEvents.LoadTest.Nodes.Brokers;
using ServerSentEvents.LoadTest.Servers;
using ServerSentEvents.LoadTest.Soak;
using ServerSentEvents.LoadTest.Storm;

// Without a verb, this program compares servers, soaks or storms, and starts itself again for each server and for clients.
switch (args)
{
    case ["server", var kind, var setup]:
        await ServerKind.Named(kind).RunAsync(Setup.Parse(setup));
        return 0;
    case ["client", var port, var postPort, var processId, var length, var setup]:
        Client.Run(Parse.Number(port), Parse.Number(postPort), Parse.Number(processId), Parse.Number(length), Setup.Parse(setup));
        return 0;
    case ["node", var broker, var ours, var port, var stream, var index, var length, var clients]:
        await NodeProgram.RunAsync(
            Broker.Named(broker), bool.Parse(ours), Parse.Number(port), stream, Parse.Number(index), Parse.Number(length), Parse.Number(clients));
        return 0;
    case ["soak-server", var setup, var broker, var port]:
        await SoakServer.RunAsync(Setup.Parse(setup), broker == "none" ? null : Broker.Named(broker), Parse.Number(port));
        return 0;
    case ["storm-server", var setup, var jitter]:
        await StormServer.RunAsync(Setup.Parse(setup), TimeSpan.FromSeconds(Parse.Number(jitter)));
        return 0;
    case ["--help" or "-h" or "help"]:
        Console.WriteLine(Options.Usage);
        return 0;
}

try
{
    if (args.Contains("--soak", StringComparer.Ordinal))
        return await SoakProgram.RunAsync(SoakOptions.From(args));
    if (args.Contains("--storm", StringComparer.Ordinal))
        return await StormProgram.RunAsync(StormOptions.From(args));
    var options = Options.From(args);
    return options.Nodes.Count > 0 ? await NodesComparison.RunAsync(options) : Comparison.Run(options);
}
catch (ChildProcessException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}
catch (ArgumentException exception)
{
    await Console.Error.WriteLineAsync($"{exception.Message}\n\n{Options.Usage}");
    return 2;
}
