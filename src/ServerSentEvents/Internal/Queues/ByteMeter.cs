namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// Counts the bytes that are sent to all queues of a channel, once for all of them. A queue keeps its difference to this count,
/// so that a publish does not write to the memory of each queue.
/// </summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal abstract class ByteMeter
{
    /// <summary>
    /// The exponent of a unit: 1,024 bytes. A limit in units fits an <see cref="int"/>, even if the count does not.
    /// </summary>
    private const int UnitShift = 10;

    private const long LargestRoom = (long)int.MaxValue << UnitShift;

    private long _bytes;

    internal long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The count in units, rounded up.</summary>
    internal int Units => (int)((_bytes + (1 << UnitShift) - 1) >> UnitShift);

    internal void Add(int bytes) => Volatile.Write(ref _bytes, _bytes + bytes);

    /// <summary>Returns the number of units up to which a queue certainly has room.</summary>
    internal int LimitFor(long room) => (int)((_bytes + Math.Min(room, LargestRoom)) >> UnitShift);

    /// <summary>Returns whether a limit is exceeded. Both numbers can have overflowed.</summary>
    internal static bool IsBeyond(int units, int limit) => unchecked(units - limit) > 0;
}
