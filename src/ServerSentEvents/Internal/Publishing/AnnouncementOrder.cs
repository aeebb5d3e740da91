namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// Sees to it that a subscription's end is announced once, and after its beginning: it can end while its beginning is
/// still being announced, by another thread or by the very handler that hears of it.
/// </summary>
internal struct AnnouncementOrder
{
    private const int Beginning = 0;
    private const int Begun = 1;
    private const int EndedWhileBeginning = 2;

    private int _state;

    /// <summary>The beginning has been announced; true if the end is now the caller's to announce.</summary>
    internal bool HasBegun() => Interlocked.CompareExchange(ref _state, Begun, Beginning) == EndedWhileBeginning;

    /// <summary>It has ended; true if that is the caller's to announce, false if whoever announces the beginning will.</summary>
    internal bool HasEnded() => Interlocked.CompareExchange(ref _state, EndedWhileBeginning, Beginning) == Begun;
}
