namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>How long anything may take before a test gives up.</summary>
internal static class Limits
{
    /// <summary>Generous: only a test that has failed waits for so long.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The same for the load test, which starts several processes one after the other, and may start a broker.</summary>
    internal static readonly TimeSpan OfTheLoadTest = TimeSpan.FromMinutes(4);

    /// <summary>
    /// For a server that is told to stop while streams are open. It needs a fraction of a second; a host that waits for
    /// its streams takes half a minute.
    /// </summary>
    internal static readonly TimeSpan Stopping = TimeSpan.FromSeconds(5);
}
