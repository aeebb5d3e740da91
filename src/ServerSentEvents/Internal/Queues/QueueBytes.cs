using System.Runtime.InteropServices;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// The bytes of one queue, as a difference to the <see cref="ByteMeter"/> that the queue shares with the others of its
/// channel. A mutable struct, because each queue has one.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct QueueBytes
{
    /// <summary>
    /// The count of the meter, or 0 without one, less the bytes that were added here and not dropped. Written under the
    /// registry's lock.
    /// </summary>
    private long _origin;

    /// <summary>The number of bytes that the reader has used. Written by the reader.</summary>
    private long _taken;

    /// <summary>Returns the bytes that were added and not dropped.</summary>
    internal long Added(ByteMeter? meter) => (meter?.Bytes ?? 0) - Volatile.Read(ref _origin);

    /// <summary>Returns the bytes that wait.</summary>
    internal long Waiting(ByteMeter? meter) => Math.Max(0, Added(meter) - Volatile.Read(ref _taken));

    /// <summary>Counts bytes that were added, or dropped if the number is negative. Needs the registry's lock.</summary>
    internal void Add(long bytes) => Volatile.Write(ref _origin, _origin - bytes);

    /// <summary>Counts bytes as used. Called by the reader.</summary>
    internal void Take(long bytes) => Volatile.Write(ref _taken, _taken + bytes);

    /// <summary>Counts everything as used. Called when nothing is read anymore.</summary>
    internal void TakeAll(ByteMeter? meter) => Volatile.Write(ref _taken, Added(meter));
}
