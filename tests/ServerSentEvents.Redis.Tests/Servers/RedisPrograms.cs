namespace ServerSentEvents.Redis.Tests.Servers;

/// <summary>The program of the server.</summary>
internal static class RedisPrograms
{
    private const string Advice = "No redis-server on the PATH. On Debian and Ubuntu: apt-get install redis-server";

    /// <summary>The server; null if there is none.</summary>
    internal static string? Server { get; } = Tool.Find(Environment.GetEnvironmentVariable("PATH"), "redis-server", "valkey-server");

    /// <summary>Skips the test where there is no server, and fails it in CI.</summary>
    internal static void Require() => Tool.Require(Server is not null, Advice);
}
