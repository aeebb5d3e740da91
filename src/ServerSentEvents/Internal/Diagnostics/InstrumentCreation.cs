using System.Diagnostics.Metrics;

namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>The creation of the instruments of one meter, once in the process.</summary>
/// <remarks>
/// Listeners are application code, and are called for each new instrument. So instruments are not created by a static
/// constructor, for which other threads would wait, and not under a lock.
/// </remarks>
internal sealed class InstrumentCreation
{
    /// <summary>1 once the instruments are, or are being, created. Changed by an interlocked operation.</summary>
    private int _hasBegun;

    /// <summary>Returns true to the first caller, which creates the instruments.</summary>
    internal bool TryBegin() => Interlocked.Exchange(ref _hasBegun, 1) == 0;

    /// <summary>Creates an instrument, and ignores exceptions of listeners.</summary>
    internal static void Create(Func<Instrument> create)
    {
        try
        {
            create();
        }
        catch (Exception)
        {
            // An exception here would make every publisher or client of the process unusable.
        }
    }
}
