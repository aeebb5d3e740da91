namespace ServerSentEvents.Testing.RabbitMQ;

/// <summary>The programs of RabbitMQ.</summary>
public static class RabbitMQPrograms
{
    public const string Advice = "No RabbitMQ on the PATH. On Debian and Ubuntu: apt-get install rabbitmq-server";

    /// <summary>The programs here run as the user who calls them. Those on Debian's path change to another user.</summary>
    private const string DebianFolder = "/usr/lib/rabbitmq/bin";

    private static readonly string Path = $"{DebianFolder}{System.IO.Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";

    /// <summary>The server; null if there is none.</summary>
    public static string? Server { get; } = Find("rabbitmq-server");

    public static string Ctl => Find("rabbitmqctl")!;

    /// <summary>The registry of Erlang's nodes.</summary>
    public static string Epmd => Find("epmd")!;

    /// <summary>Skips a test if RabbitMQ is missing.</summary>
    public static void Require() => Tool.Require(Server is not null, Advice);

    private static string? Find(string name) => Tool.Find(Path, name);
}
