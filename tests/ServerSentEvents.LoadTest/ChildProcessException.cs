namespace ServerSentEvents.LoadTest;

/// <summary>A process of the load test has failed, and has said why.</summary>
internal sealed class ChildProcessException(string message) : Exception(message);
