using System.Globalization;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The violations that a phase has found, and what its clients did. Safe to use from several threads.</summary>
internal sealed class Findings(SoakPhase phase, int seed)
{
    /// <summary>The number of violations that are printed. One fault can have thousands.</summary>
    private const int MostPrinted = 20;

    private int _violations;
    private long _deliveries;
    private int _gaps, _resumes, _nonReadersEnded, _cuts, _faults;

    internal int Violations => _violations;

    internal long Deliveries => _deliveries;

    internal int Gaps => _gaps;

    internal int Resumes => _resumes;

    internal int NonReadersEnded => _nonReadersEnded;

    internal int Cuts => _cuts;

    internal int Faults => _faults;

    internal void CountDelivery() => Interlocked.Increment(ref _deliveries);

    internal void CountGap() => Interlocked.Increment(ref _gaps);

    internal void CountResume() => Interlocked.Increment(ref _resumes);

    internal void CountNonReaderEnded() => Interlocked.Increment(ref _nonReadersEnded);

    internal void CountFault() => Interlocked.Increment(ref _faults);

    internal void CountCuts(int count) => Interlocked.Add(ref _cuts, count);

    /// <summary>Reports a violation. The run fails after its end.</summary>
    internal void Report(FormattableString violation)
    {
        if (Interlocked.Increment(ref _violations) <= MostPrinted)
            Console.Error.WriteLine($"VIOLATION in {phase.Name}, seed {seed}: {violation.ToString(CultureInfo.InvariantCulture)}");
    }
}
