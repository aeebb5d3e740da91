using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>The start of a subscriber's stream: the retry interval, and then the initial data or a replay.</summary>
/// <param name="retry">The retry interval; null for none.</param>
/// <param name="turnedAway">The retry interval of a client that is turned away.</param>
/// <param name="initialData">The application's events for a subscriber that does not resume.</param>
/// <param name="lastEventId">The id that its client gave; null for none.</param>
internal sealed class InitialStream(Frame? retry, Frame turnedAway, Frame[] initialData, string? lastEventId)
{
    /// <summary>
    /// Starts the stream with the initial data. The last initial event carries the position, so that a client that leaves
    /// before the first live event can resume.
    /// </summary>
    /// <param name="queue">The subscriber's queue.</param>
    /// <param name="ids">The ids of the history; null without one.</param>
    /// <param name="position">The position at which the subscription begins.</param>
    /// <param name="replay">The missed events that could be made; null for none.</param>
    internal void Begin(SubscriptionQueue queue, EventIds? ids, long position, FrameSource? replay = null)
    {
        if (ids is not null && initialData.Length > 0)
            initialData[^1].PlaceAt(ids, position);
        Prepend(queue, retry is null ? initialData : [retry, .. initialData], replay);
    }

    /// <summary>Turns a client away: it gets its retry interval alone.</summary>
    internal void TurnAway(SubscriptionQueue queue) => Prepend(queue, [turnedAway], replay: null);

    /// <summary>Begins with a replay.</summary>
    internal void Resume<TProperties>(Subscriber<TProperties> subscriber, FrameSource? replay)
    {
        subscriber.Subscription.Resume = ResumeResult.Resumed;
        Prepend(subscriber, retry is null ? [Position()] : [retry, Position()], replay);
    }

    private static void Prepend(SubscriptionQueue queue, Frame[] frames, FrameSource? replay) =>
        queue.Prepend(frames.Length > 0 ? new InitialFrames(frames, replay) : replay);

    /// <summary>
    /// Returns the line of the client's id: without it, the first blank line would clear the client's last event id.
    /// </summary>
    private Frame Position() => Frame.ForPosition(lastEventId!);
}
