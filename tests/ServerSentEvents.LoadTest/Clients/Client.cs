using System.Globalization;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>The process of all clients of one server. The process answers each command on its input with one line.</summary>
internal static class Client
{
    internal static void Run(int port, int postPort, int serverId, int length, Setup setup)
    {
        using var epoll = new Epoll();
        var audience = new Audience(port, new EventSource(postPort, length, epoll), epoll, setup);
        while (Console.ReadLine()?.Split(' ') is { } command)
        {
            switch (command)
            {
                case ["connect", var clients]:
                    audience.Connect(Parse.Number(clients));
                    Console.WriteLine("connected");
                    break;
                case ["run", var scenario, var events, var seconds]:
                    var run = new Run(audience, serverId, Parse.Number(events), TimeSpan.FromSeconds(Parse.Fraction(seconds)));
                    Console.WriteLine(run.Measure(Scenario.Parse(scenario)).ToLine());
                    break;
                default:
                    throw new InvalidDataException(
                        string.Create(CultureInfo.InvariantCulture, $"'{string.Join(' ', command)}' is not a command."));
            }
        }
    }
}
