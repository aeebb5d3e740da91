namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// The bytes of one queue, as a difference to the <see cref="ChannelByteCount"/> that the queue shares with the others of its
/// channel. A mutable struct, because each queue has one.
/// </summary>
internal struct QueueBytes
{
    /// <summary>
    /// The count of the channel (0 without one) minus the bytes that were added to this queue and not dropped. So the channel's
    /// count minus this is the number of added bytes. Written under the registry's lock.
    /// </summary>
    private long _origin;

    /// <summary>The number of bytes that the reader has used. Written by the reader, and by <see cref="TakeAll"/> after its end.</summary>
    private long _taken;

    /// <summary>Returns the bytes that were added and not dropped.</summary>
    internal long Added(ChannelByteCount? count) => (count?.Bytes ?? 0) - Volatile.Read(ref _origin);

    /// <summary>Returns the bytes that wait.</summary>
    internal long Waiting(ChannelByteCount? count) => Math.Max(0, Added(count) - Volatile.Read(ref _taken));

    /// <summary>Counts bytes that were added, or dropped if the number is negative. Needs the registry's lock.</summary>
    internal void Add(long bytes) => Volatile.Write(ref _origin, _origin - bytes);

    /// <summary>Counts bytes as used. Called by the reader.</summary>
    internal void Take(long bytes) => Volatile.Write(ref _taken, _taken + bytes);

    /// <summary>Counts everything as used. Called when nothing is read anymore.</summary>
    internal void TakeAll(ChannelByteCount? count) => Volatile.Write(ref _taken, Added(count));
}

/// <summary>
/// The count of the bytes that are sent to all queues of a channel, once for all of them. A queue keeps its difference to this count,
/// so that a publish does not write to the memory of each queue.
/// </summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal abstract class ChannelByteCount
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
