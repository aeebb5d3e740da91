using System.Security.Cryptography;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>The reconnection interval of clients: a fixed time, and a random time up to the jitter.</summary>
internal sealed class ReconnectionTime(TimeSpan? interval, TimeSpan jitter)
{
    /// <summary>The largest number of different last frames. They are enough to spread the clients over the jitter.</summary>
    private const int MaxLastFrames = 1_024;

    /// <summary>A generator that is safe to use from several threads on every target framework.</summary>
    private static readonly RandomNumberGenerator Generator = RandomNumberGenerator.Create();

    /// <summary>
    /// The frame for a client that comes while the publisher drains, if no interval is set. Browsers wait about as long by
    /// default.
    /// </summary>
    private static readonly Frame WhileDraining = Frame.ForReconnectionInterval(TimeSpan.FromSeconds(3));

    /// <summary>The shortest time for a client that is refused, if no interval is set, or whose load has failed.</summary>
    private static readonly TimeSpan ShortestAfterFailure = TimeSpan.FromSeconds(5);

    /// <summary>The largest random time for such a client.</summary>
    private static readonly TimeSpan JitterAfterFailure = TimeSpan.FromSeconds(5);

    /// <summary>The frame of the interval without jitter; null if no interval is set.</summary>
    private readonly Frame? _shared = interval is { } shared ? Frame.ForReconnectionInterval(shared) : null;

    /// <summary>Returns the frame for one client; null if no interval is set.</summary>
    internal Frame? NewFrame() => interval is { } shortest && jitter > TimeSpan.Zero ? NewFrame(shortest, jitter) : _shared;

    /// <summary>Returns the frame for a client that is turned away.</summary>
    internal Frame NewFrameFor(SubscriptionEndReason reason) => NewFrame()
        ?? (reason == SubscriptionEndReason.Refused ? NewFrame(ShortestAfterFailure, JitterAfterFailure) : WhileDraining);

    /// <summary>
    /// Returns the frame for a client whose load has failed. Even with a shorter interval, clients whose loads fail together return
    /// late and spread out.
    /// </summary>
    internal Frame NewFrameAfterFailedLoad() => NewFrame(
        interval > ShortestAfterFailure ? interval.Value : ShortestAfterFailure, jitter > JitterAfterFailure ? jitter : JitterAfterFailure);

    /// <summary>Makes the last frames of all streams; null if no interval is set. Call outside every lock.</summary>
    internal Frame[]? NewLastFrames()
    {
        if (_shared is null)
            return null;
        var lastFrames = new Frame[jitter > TimeSpan.Zero ? MaxLastFrames : 1];
        for (var i = 0; i < lastFrames.Length; i++)
            lastFrames[i] = NewFrame()!;
        return lastFrames;
    }

    private static Frame NewFrame(TimeSpan shortest, TimeSpan jitter) => Frame.ForReconnectionInterval(TimeSpan.FromMilliseconds(
        Math.Min(shortest.TotalMilliseconds + (jitter.TotalMilliseconds * Fraction()), int.MaxValue)));

    /// <summary>Returns a random number from 0 to 1.</summary>
    private static double Fraction()
    {
        var random = new byte[sizeof(uint)];
        Generator.GetBytes(random);
        return BitConverter.ToUInt32(random, 0) / (double)uint.MaxValue;
    }
}
