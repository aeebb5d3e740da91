namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>The number of bytes in one history. It counts in <see cref="Sum"/> until it is garbage.</summary>
internal sealed class HistoryBytes
{
    /// <summary>The numbers of all publishers. Guarded by a lock on this list, under which no other code runs.</summary>
    private static readonly List<WeakReference<HistoryBytes>> All = [];

    /// <summary>The length of <see cref="All"/> at which numbers that are garbage are removed. Guarded as the list is.</summary>
    private static int _pruneAt = 64;

    private long _value;

    internal HistoryBytes()
    {
        lock (All)
        {
            if (All.Count >= _pruneAt)
            {
                All.RemoveAll(static number => !number.TryGetTarget(out _));
                _pruneAt = Math.Max(64, 2 * All.Count);
            }

            All.Add(new(this));
        }
    }

    /// <summary>The sum over all publishers of the process.</summary>
    internal static long Sum
    {
        get
        {
            long sum = 0;
            lock (All)
            {
                foreach (var number in All)
                    sum += number.TryGetTarget(out var bytes) ? bytes.Value : 0;
            }

            return sum;
        }
    }

    /// <summary>The number of bytes. One thread at a time sets it.</summary>
    internal long Value
    {
        get => Volatile.Read(ref _value);
        set => Volatile.Write(ref _value, value);
    }
}
