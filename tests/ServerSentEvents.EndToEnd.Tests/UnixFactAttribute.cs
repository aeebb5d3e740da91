namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A test that sends a signal to a process. Windows has no signals, so the test is skipped there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows())
            Skip = "Windows has no signals to send.";
    }
}
