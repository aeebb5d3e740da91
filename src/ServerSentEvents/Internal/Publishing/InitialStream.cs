using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>The application's events for a subscriber that does not resume.</summary>
/// <param name="Frames">The events that exist already.</param>
/// <param name="Load">Loads the events when the reader starts; null if nothing is loaded.</param>
internal readonly record struct InitialData(Frame[] Frames, Func<CancellationToken, Task<Frame[]>>? Load = null);

/// <summary>The start of a subscriber's stream: the reconnection interval, and then the initial data or a replay.</summary>
/// <param name="reconnection">The reconnection intervals of clients.</param>
/// <param name="gap">The event that shows the client that its resume was a gap; null for none.</param>
/// <param name="initialData">The application's events for a subscriber that does not resume.</param>
/// <param name="lastEventId">The id that the client gave; null for none.</param>
/// <param name="expectedIds">The ids that the history has before the lock is taken; null without a history.</param>
/// <remarks>
/// The constructor prepares the initial data, so create this outside every lock. The time of the methods does not depend on the
/// number of events, unless a backplane replaces the ids at the same moment.
/// </remarks>
internal readonly struct InitialStream(
    ReconnectionTime reconnection, Frame? gap, InitialData initialData, string? lastEventId, EventIds? expectedIds)
{
    /// <summary>The reconnection interval; null for none.</summary>
    private readonly Frame? _retry = reconnection.NewFrame();

    /// <summary>The initial data that exists already.</summary>
    private readonly Frame[] _frames = RemoveForwardedIds(initialData.Frames, expectedIds);

    /// <summary>
    /// Starts the stream with the initial data. The last initial event carries the position, so that a client that leaves
    /// before the first live event can resume.
    /// </summary>
    /// <param name="queue">The subscriber's queue.</param>
    /// <param name="ids">The ids of the history; null without one.</param>
    /// <param name="position">The position at which the subscription begins.</param>
    /// <param name="replay">The missed events that could be made; null for none.</param>
    internal void Begin(SubscriptionQueue queue, EventIds? ids, EventPosition position, LeadingFrames? replay = null)
    {
        // A backplane can have replaced the ids after the constructor read them.
        if (!ReferenceEquals(ids, expectedIds))
            RemoveForwardedIds(_frames, ids);
        PlaceLast(_frames, ids, position);
        var next = initialData.Load is null ? replay : NewLoad(initialData.Load, ids, position, replay);
        next = Before(next, _frames);
        if (gap is not null)
        {
            PublisherMetrics.Gaps.Increment();
            next = Before(next, [GapFrame(next is null ? ids?.Format(position) : null)]);
        }

        if (_retry is not null)
            next = Before(next, [_retry]);
        queue.SetLeading(next);
    }

    /// <summary>Starts the stream with a replay.</summary>
    internal void Resume<TProperties>(Subscriber<TProperties> subscriber, LeadingFrames? replay)
    {
        subscriber.Subscription.Resume = ResumeResult.Resumed;
        // Without the line of its id, the first blank line would clear the client's last event id.
        var position = Frame.ForPosition(lastEventId!);
        subscriber.SetLeading(new InitialFrames(_retry is null ? [position] : [_retry, position], replay));
    }

    /// <summary>
    /// Returns the gap event with an id. Without an id, it would clear the client's last event id, and the next loss would go unnoticed.
    /// </summary>
    /// <param name="id">The id of the position if there is neither initial data nor a replay; null for the client's own id.</param>
    private Frame GapFrame(string? id)
    {
        id ??= EventValidator.CanBeSentBack(lastEventId!) ? lastEventId : null;
        return id is null ? gap! : gap!.WithId(id);
    }

    /// <summary>Creates the load. <see cref="Begin"/> does not contain this, because the closure would be garbage without a load.</summary>
    private InitialLoad NewLoad(
        Func<CancellationToken, Task<Frame[]>> load, EventIds? ids, EventPosition position, LeadingFrames? next) => new(
            async token => PlaceLast(RemoveForwardedIds(await load(token).ConfigureAwait(false), ids), ids, position),
            reconnection.NewFrameAfterFailedLoad,
            next);

    /// <summary>Removes forwarded ids from the frames, and returns the frames.</summary>
    private static Frame[] RemoveForwardedIds(Frame[] frames, EventIds? ids)
    {
        if (ids is not null)
        {
            foreach (var frame in frames)
                frame.RemoveForwardedId(ids);
        }

        return frames;
    }

    /// <summary>Gives the last event the position. With an id before that, a client that leaves would lose the rest.</summary>
    private static Frame[] PlaceLast(Frame[] frames, EventIds? ids, EventPosition position)
    {
        if (ids is not null && frames.Length > 0)
            frames[^1].PlaceAt(ids, position);
        return frames;
    }

    private static LeadingFrames? Before(LeadingFrames? next, Frame[] frames) =>
        frames.Length > 0 ? new InitialFrames(frames, next) : next;
}
