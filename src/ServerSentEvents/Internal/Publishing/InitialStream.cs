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
internal readonly struct InitialStream(ReconnectionTime reconnection, Frame? gap, InitialData initialData, string? lastEventId)
{
    /// <summary>The reconnection interval; null for none.</summary>
    private readonly Frame? _retry = reconnection.NewFrame();

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
        PlaceLast(initialData.Frames, ids, position);
        if (gap is not null)
            PublisherMetrics.Gaps.Increment();
        var next = initialData.Load is null ? replay : NewLoad(initialData.Load, ids, position, replay);
        var isAlone = initialData.Frames.Length == 0 && next is null;
        Frame[] frames = _retry is null && gap is null
            ? initialData.Frames
            : [.. NoneOrOne(_retry), .. NoneOrOne(GapFrame(gap is not null && isAlone ? ids?.Format(position) : null)), .. initialData.Frames];
        Prepend(queue, frames, next);
    }

    /// <summary>Makes the stream of a client that is turned away: a reconnection interval alone.</summary>
    internal static void TurnAway(SubscriptionQueue queue, Frame retry) => Prepend(queue, [retry], next: null);

    /// <summary>Starts the stream with a replay.</summary>
    internal void Resume<TProperties>(Subscriber<TProperties> subscriber, LeadingFrames? replay)
    {
        subscriber.Subscription.Resume = ResumeResult.Resumed;
        // Without the line of its id, the first blank line would clear the client's last event id.
        Prepend(subscriber, [.. NoneOrOne(_retry), Frame.ForPosition(lastEventId!)], replay);
    }

    /// <summary>
    /// Returns the gap event with an id; null if there is no gap. Without an id, the client's last event id would be cleared, and the
    /// next loss would not show.
    /// </summary>
    /// <param name="id">The id of the position if there is neither initial data nor a replay; null for the client's own id.</param>
    private Frame? GapFrame(string? id)
    {
        if (gap is null)
            return null;
        id ??= EventValidator.CanBeSentBack(lastEventId!) ? lastEventId : null;
        return id is null ? gap : gap.WithId(id);
    }

    private InitialLoad NewLoad(
        Func<CancellationToken, Task<Frame[]>> load, EventIds? ids, EventPosition position, LeadingFrames? next)
    {
        return new InitialLoad(LoadAsync, reconnection.NewFrameAfterFailedLoad, next);

        async Task<Frame[]> LoadAsync(CancellationToken cancellationToken)
        {
            var frames = await load(cancellationToken).ConfigureAwait(false);
            PlaceLast(frames, ids, position);
            return frames;
        }
    }

    /// <summary>Gives the last event the position. With an id before that, a client that leaves would lose the rest.</summary>
    private static void PlaceLast(Frame[] frames, EventIds? ids, EventPosition position)
    {
        if (ids is null || frames.Length == 0)
            return;
        foreach (var frame in frames)
            frame.RemoveForwardedId(ids);
        frames[^1].PlaceAt(ids, position);
    }

    private static Frame[] NoneOrOne(Frame? frame) => frame is null ? [] : [frame];

    private static void Prepend(SubscriptionQueue queue, Frame[] frames, LeadingFrames? next) =>
        queue.Prepend(frames.Length > 0 ? new InitialFrames(frames, next) : next);
}
