namespace ServerSentEvents.LoadTest;

/// <summary>The failure of a process of the load test. The console output of that process tells the cause.</summary>
internal sealed class ChildProcessException(string message) : Exception(message);
