namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>The broker's programs.</summary>
internal static partial class RabbitMQPrograms
{
    internal const string Advice = "No RabbitMQ on the PATH. On Debian and Ubuntu: apt-get install rabbitmq-server";

    /// <summary>Where Debian keeps those that run as whoever calls them; what it has on the path becomes another user.</summary>
    private const string DebianFolder = "/usr/lib/rabbitmq/bin";

    private static readonly string Path = $"{DebianFolder}{System.IO.Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";

    /// <summary>The server; null if there is none.</summary>
    internal static string? Server { get; } = Find("rabbitmq-server");

    internal static string Ctl => Find("rabbitmqctl")!;

    /// <summary>Erlang's registry of nodes.</summary>
    internal static string Epmd => Find("epmd")!;

    private static string? Find(string name) => EndToEnd.Tests.Tool.Find(Path, name);
}
