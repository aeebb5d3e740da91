using System.Security.Cryptography;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>When clients are told to come back: after an interval, and up to a jitter later, each at a time of its own.</summary>
internal sealed class ReconnectionTime(TimeSpan? interval, TimeSpan jitter)
{
    /// <summary>The framework's quicker generator is not for many threads on each target.</summary>
    private static readonly RandomNumberGenerator Generator = RandomNumberGenerator.Create();

    /// <summary>For those who come while there is nothing to stay for, and would be back at once: about what browsers wait.</summary>
    private static readonly Frame Usual = Frame.ForReconnectionInterval(TimeSpan.FromSeconds(3));

    /// <summary>What all are told, where there is no jitter; null where they are told nothing.</summary>
    private readonly Frame? _shared = interval is { } shared ? Frame.ForReconnectionInterval(shared) : null;

    /// <summary>What a client is told; null where nothing is set.</summary>
    internal Frame? NewFrame() => interval is { } atLeast && jitter > TimeSpan.Zero
        ? Frame.ForReconnectionInterval(TimeSpan.FromMilliseconds(
            Math.Min(atLeast.TotalMilliseconds + jitter.TotalMilliseconds * Fraction(), int.MaxValue)))
        : _shared;

    /// <summary>What a client is told that is sent away.</summary>
    internal Frame NewFrameToLeave() => NewFrame() ?? Usual;

    /// <summary>From 0 to 1, the same likelihood everywhere.</summary>
    private static double Fraction()
    {
        var random = new byte[sizeof(uint)];
        Generator.GetBytes(random);
        return BitConverter.ToUInt32(random, 0) / (double)uint.MaxValue;
    }
}
