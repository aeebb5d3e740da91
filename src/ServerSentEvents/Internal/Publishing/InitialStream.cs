using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>What a subscriber gets before the live events: its retry interval, and then its initial data or a replay.</summary>
/// <param name="retry">The retry interval; null for none.</param>
/// <param name="initialData">The application's events for a subscriber that does not resume.</param>
/// <param name="lastEventId">The id that its client gave; null for none.</param>
internal sealed class InitialStream(Frame? retry, Frame[] initialData, string? lastEventId)
{
    /// <summary>Begins with the initial data. Its last event carries the position, so that a client which leaves then resumes there.</summary>
    internal void Begin(SubscriptionQueue queue, EventIds? ids, long position)
    {
        if (ids is not null && initialData.Length > 0)
            initialData[^1].PlaceAt(ids, position);
        Prepend(queue, retry is null ? initialData : [retry, .. initialData], replay: null);
    }

    /// <summary>Begins with a replay.</summary>
    internal void Resume<TProperties>(Subscriber<TProperties> subscriber, FrameSource? replay)
    {
        subscriber.Subscription.Resume = ResumeResult.Resumed;
        Prepend(subscriber.Queue, retry is null ? [Position()] : [retry, Position()], replay);
    }

    /// <summary>Begins with the initial data, and then what is left of a replay: the client resumes at the same place again.</summary>
    internal void ResumeWithGap(SubscriptionQueue queue, FrameSource replay) =>
        Prepend(queue, retry is null ? [Position(), .. initialData] : [retry, Position(), .. initialData], replay);

    private static void Prepend(SubscriptionQueue queue, Frame[] frames, FrameSource? replay) =>
        queue.Prepend(frames.Length > 0 ? new InitialFrames(frames) : null, replay);

    /// <summary>The line of the client's id: without it, the first blank line would clear the client's last event id.</summary>
    private Frame Position() => Frame.ForPosition(lastEventId!);
}
