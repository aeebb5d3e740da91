using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>
/// The delivery of the stream's items to the publisher of this node. Failures of the application's code are logged, and do not stop
/// the backplane.
/// </summary>
internal sealed class LocalDelivery<TProperties>(
    Publisher<TProperties> publisher, BackplaneSettings<TProperties> settings, string stream)
{
    /// <summary>The approximate number of bytes that the field names and the id add to the text of an event.</summary>
    private const int LineOverhead = 40;

    private bool _hasWarnedOfKey;

    /// <summary>Clears the history, and ends all subscriptions, because their clients may have missed events.</summary>
    internal void Restart(EventIds ids, EventPosition before) => Try(() => publisher.Follow(ids, before));

    /// <summary>Ends the subscriptions of clients that came while the node was catching up.</summary>
    internal void EndAll() => Try(publisher.Close);

    /// <summary>
    /// Ends the subscriptions whose last event id belongs to another stream. Checks the ids up to the message at an offset, because later
    /// ones are not known yet.
    /// </summary>
    internal void EndUnknown(long offset) => Try(() => publisher.EndUnknown(StreamPosition.EndOf(offset)));

    internal void SetCaughtUp(bool isCaughtUp) => publisher.SetCaughtUp(isCaughtUp);

    /// <summary>Notes that nothing more is delivered: the publisher can outlive the backplane.</summary>
    internal void End() => Try(() => publisher.SetCaughtUp(isCaughtUp: true));

    internal void Advance(EventPosition position) => publisher.Advance(position);

    /// <summary>Delivers an item, or adds an event to the history alone if the node is catching up.</summary>
    /// <returns>False if subscribers may not have the event.</returns>
    internal bool TryDeliver(EventPosition position, in StreamItem item, bool isCatchingUp)
    {
        try
        {
            if (item.Event is { } read)
                Deliver(position, read, item.Channels, isCatchingUp);
            else if (item.DisconnectKey is { } key && !isCatchingUp)
                Disconnect(key);
        }
        catch (ObjectDisposedException exception) when (string.Equals(exception.ObjectName, publisher.GetType().FullName, StringComparison.Ordinal))
        {
            // The publisher was disposed, so no subscriber can get the event.
        }
        catch (AggregateException exception)
        {
            // The publisher throws it for functions and handlers, when everything else is done.
            Log.DeliveryFailed(settings.Logger, exception, stream, position.Value);
        }
        catch (Exception exception)
        {
            Log.NotDelivered(settings.Logger, exception, stream, position.Value);
            return false;
        }

        return true;
    }

    private void Deliver(EventPosition position, SseItem<string> item, in ChannelNames channels, bool isCatchingUp)
    {
        if (settings.Personalize is not null)
            DeliverPersonalized(position, item, channels, isCatchingUp);
        else if (isCatchingUp)
            publisher.RememberAt(position, item, channels);
        else
            publisher.PublishAt(position, item, channels);
    }

    private void DeliverPersonalized(EventPosition position, SseItem<string> item, in ChannelNames channels, bool isCatchingUp)
    {
        // The function holds the item, so the history counts the bytes of its text.
        var bytes = LineOverhead + (sizeof(char) * (item.Data.Length + item.EventType.Length));
        if (isCatchingUp)
            publisher.RememberAt(position, Make, item.EventId, bytes, channels);
        else
            publisher.PublishAt(position, Make, item.EventId, bytes, channels);

        SseItem<string>? Make(TProperties properties) => settings.Personalize!(item, properties);
    }

    private void Disconnect(string key)
    {
        if (settings.SubscriberKey is { } keyOf)
        {
            Try(() => publisher.Disconnect(properties => HasKey(keyOf, properties, key)));
        }
        else if (!_hasWarnedOfKey)
        {
            _hasWarnedOfKey = true;
            Log.NoSubscriberKey(settings.Logger, stream);
        }
    }

    private bool HasKey(Func<TProperties, string?> keyOf, TProperties properties, string key)
    {
        try
        {
            return string.Equals(keyOf(properties), key, StringComparison.Ordinal);
        }
        catch (Exception exception)
        {
            Log.SubscriberKeyFailed(settings.Logger, exception, stream);
            return false;
        }
    }

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            Log.EndingFailed(settings.Logger, exception, stream);
        }
    }
}
