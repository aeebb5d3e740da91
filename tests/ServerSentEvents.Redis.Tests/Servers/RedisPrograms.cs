namespace ServerSentEvents.Redis.Tests.Servers;

/// <summary>The program of the server.</summary>
/// <remarks>The environment variable REDIS_SERVER can name another server that speaks the protocol, such as valkey-server.</remarks>
internal static class RedisPrograms
{
    private static readonly string[] Names =
        Environment.GetEnvironmentVariable("REDIS_SERVER") is { } name ? [name] : ["redis-server", "valkey-server"];

    /// <summary>The server; null if there is none.</summary>
    internal static string? Server { get; } = Tool.Find(Environment.GetEnvironmentVariable("PATH"), Names);

    /// <summary>Skips the test where there is no server, and fails it in CI.</summary>
    internal static void Require() =>
        Tool.Require(Server is not null, $"No {Names[0]} on the PATH. On Debian and Ubuntu: apt-get install {Names[0]}");
}
