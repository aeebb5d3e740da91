using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;

namespace ServerSentEvents;

/// <content>Members for a backplane, which delivers the events of other nodes.</content>
public partial class Publisher<TProperties>
{
    /// <summary>
    /// Starts to take positions from a backplane. They are the same on every node, and with a history they make up the
    /// ids. Clears the history and ends every subscription, because its client may have missed an event.
    /// </summary>
    /// <param name="ids">The ids of the stream.</param>
    /// <param name="before">The position before the first known one.</param>
    internal void Follow(EventIds ids, EventPosition before) => _core.Follow(ids, before);

    /// <summary>
    /// Ends the subscriptions whose last event id has a position of at most a value, but comes from another stream.
    /// </summary>
    internal void EndUnknown(long value) => _core.EndUnknown(value);

    /// <summary>Notes that everything up to a position has been read.</summary>
    internal void Advance(EventPosition position) => _core.Registry.Advance(position);

    /// <summary>
    /// Notes whether this node has caught up with the stream. Before that, no subscription ends because its client has read more
    /// than this node.
    /// </summary>
    internal void SetCaughtUp(bool isCaughtUp) => _core.SetCaughtUp(isCaughtUp);

    /// <summary>
    /// Publishes an event of the backplane, except to subscribers that already received it on another node. Positions
    /// must increase.
    /// </summary>
    internal int PublishAt(EventPosition position, in SseItem<string> item, in ChannelNames channels) =>
        _core.Send(NewSharedFrame(item), channels, position);

    /// <summary>
    /// Publishes a personalized event of the backplane, except to subscribers that already received it on another node.
    /// Positions must increase.
    /// </summary>
    /// <param name="position">The position of the event.</param>
    /// <param name="item">A function that makes a subscriber's event from its properties, or returns null for none.</param>
    /// <param name="ownId">
    /// The id that the application gave the original event. Clients of other nodes may resume from it.
    /// </param>
    /// <param name="bytes">The bytes of the original event, which the function holds.</param>
    /// <param name="channels">The channels to publish to.</param>
    internal int PublishAt(
        EventPosition position, Func<TProperties, SseItem<string>?> item, string? ownId, int bytes, in ChannelNames channels) =>
        _core.SendPersonalized(MakerOf(item, PublisherOptions.LargestMaxEventBytes), channels, position, ownId, bytes);

    /// <summary>Adds an event of the backplane to the history without sending it.</summary>
    internal void RememberAt(EventPosition position, in SseItem<string> item, in ChannelNames channels) =>
        _core.Remember(new HistoryEntry<TProperties>(NewSharedFrame(item)), channels, position);

    /// <summary>Adds a personalized event of the backplane to the history without sending it.</summary>
    internal void RememberAt(
        EventPosition position, Func<TProperties, SseItem<string>?> item, string? ownId, int bytes, in ChannelNames channels) =>
        _core.Remember(
            new HistoryEntry<TProperties>(MakerOf(item, PublisherOptions.LargestMaxEventBytes), ownId, hasFrames: false, bytes), channels, position);

    /// <summary>Formats an event of any size. The bound of this node would make a hole, because other nodes deliver the event.</summary>
    private static Frame NewSharedFrame(in SseItem<string> item) =>
        Frame.ForItem(item, PublisherOptions.LargestMaxEventBytes, nameof(item));
}
