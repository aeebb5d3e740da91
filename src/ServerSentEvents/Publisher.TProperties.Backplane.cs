using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;

namespace ServerSentEvents;

/// <content>What a backplane calls, which brings events from other nodes.</content>
public partial class Publisher<TProperties>
{
    /// <summary>
    /// Begins to take events from a backplane, whose positions are the same on every node: with a history, they make up the
    /// ids. Everything before is forgotten, and every subscription is ended, since its client may have missed something.
    /// </summary>
    /// <param name="epoch">The name of the positions, sixteen hexadecimal digits.</param>
    /// <param name="before">The position before the first that is known; -1 where all are.</param>
    internal void Follow(string epoch, long before) => _core.Follow(new Epoch(epoch), before);

    /// <summary>Publishes an event of a backplane's, to all but those who have had it elsewhere. Positions only rise.</summary>
    internal int PublishAt(long position, in SseItem<string> item, in ChannelNames channels) =>
        _core.Send(Frame.ForItem(item, nameof(item)), channels, position);

    /// <summary>The same, with an event of its own for each subscriber.</summary>
    /// <param name="position">Its place in the order of events.</param>
    /// <param name="item">Makes a subscriber's event from its properties; null for none.</param>
    /// <param name="ownId">The id that the application gave the event that they are made of, which clients of other nodes may name.</param>
    /// <param name="channels">Whose subscribers get theirs.</param>
    internal int PublishAt(long position, Func<TProperties, SseItem<string>?> item, string? ownId, in ChannelNames channels) =>
        _core.SendEachItsOwn(FrameMaker(item), channels, position, ownId);

    /// <summary>Takes an event of a backplane's into the history, and sends it to nobody.</summary>
    internal void RememberAt(long position, in SseItem<string> item, in ChannelNames channels) =>
        _core.Remember(new HistoryEntry<TProperties>(Frame.ForItem(item, nameof(item))), channels, position);

    /// <inheritdoc cref="RememberAt(long, in SseItem{string}, in ChannelNames)"/>
    internal void RememberAt(long position, Func<TProperties, SseItem<string>?> item, string? ownId, in ChannelNames channels) =>
        _core.Remember(new HistoryEntry<TProperties>(FrameMaker(item), ownId), channels, position);
}
