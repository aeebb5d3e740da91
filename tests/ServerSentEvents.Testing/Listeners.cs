using System.Diagnostics.Metrics;

namespace ServerSentEvents.Testing;

/// <summary>Starts meter listeners in tests.</summary>
public static class Listeners
{
    /// <summary>
    /// Starts a listener whose disposal disables its instruments. On .NET 8, it does so only with a callback for their end.
    /// </summary>
    public static void StartUntilDisposed(this MeterListener listener)
    {
        listener.MeasurementsCompleted ??= static (_, _) => { };
        listener.Start();
    }
}
