namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A test that sends a signal to a process, which Windows has no way to do.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows())
            Skip = "Windows has no signals to send.";
    }
}
