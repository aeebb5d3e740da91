using System.Globalization;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>The process of all clients of one server. It does what it reads on its input, and answers each line by one.</summary>
internal static class Client
{
    internal static void Run(int port, int serverId, int length)
    {
        using var audience = new Audience(port, length);
        while (Console.ReadLine()?.Split(' ') is { } command)
        {
            switch (command)
            {
                case ["connect", var clients]:
                    audience.Connect(Parse.Number(clients));
                    Console.WriteLine("connected");
                    break;
                case ["run", var scenario, var events, var seconds]:
                    var run = new Run(audience, serverId);
                    Console.WriteLine(run.Measure(
                        Scenario.Parse(scenario), Parse.Number(events), TimeSpan.FromSeconds(Parse.Fraction(seconds))).ToLine());
                    break;
                default:
                    throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"'{string.Join(' ', command)}' means nothing."));
            }
        }
    }
}
