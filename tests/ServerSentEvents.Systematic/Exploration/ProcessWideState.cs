using System.Reflection;
using ServerSentEvents.Internal;

namespace ServerSentEvents.Systematic.Exploration;

/// <summary>The state of the library that outlives a publisher, and with it an explored schedule.</summary>
internal static class ProcessWideState
{
    private static readonly FieldInfo[] PumpFields =
        typeof(Pump).GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public);

    /// <summary>Brings the scheduler of copies into its initial state: a schedule that failed leaves it as it was then.</summary>
    internal static void Reset()
    {
        var initial = new Pump();
        foreach (var field in PumpFields)
            field.SetValue(Pump.Shared, field.GetValue(initial));
    }
}
