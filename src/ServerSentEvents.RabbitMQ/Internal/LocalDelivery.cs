using System.Net.ServerSentEvents;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Hands what was read to this node's publisher. Whatever the application's code does there, it does not stop the backplane;
/// a publisher that has been disposed of, as when the application stops, has nobody to deliver to.
/// </summary>
internal sealed class LocalDelivery<TProperties>(
    Publisher<TProperties> publisher,
    Func<SseItem<string>, TProperties, SseItem<string>?>? personalise,
    ILogger logger,
    string stream)
{
    /// <summary>Forgets what was before, and ends all subscriptions: their clients begin anew.</summary>
    internal void BeginAfter(string epoch, long before) =>
        Try(static (self, at) => self.Publisher.Follow(at.Epoch, at.Before), (Epoch: epoch, Before: before));

    /// <summary>Ends those who came while events were remembered, but not sent.</summary>
    internal void EndAll() => Try(static (self, _) => self.Publisher.Close(), state: 0);

    internal void Deliver(long position, in StreamEvent read) => Try(
        static (self, message) =>
        {
            var (item, channels, _) = message.Read;
            if (self.FunctionFor(item) is { } function)
                self.Publisher.PublishAt(message.Position, function, item.EventId, channels);
            else
                self.Publisher.PublishAt(message.Position, item, channels);
        },
        (Position: position, Read: read),
        position);

    internal void Remember(long position, in StreamEvent read) => Try(
        static (self, message) =>
        {
            var (item, channels, _) = message.Read;
            if (self.FunctionFor(item) is { } function)
                self.Publisher.RememberAt(message.Position, function, item.EventId, channels);
            else
                self.Publisher.RememberAt(message.Position, item, channels);
        },
        (Position: position, Read: read),
        position);

    private Publisher<TProperties> Publisher => publisher;

    private Func<TProperties, SseItem<string>?>? FunctionFor(SseItem<string> item) =>
        personalise is null ? null : properties => personalise(item, properties);

    /// <param name="action">Calls the publisher.</param>
    /// <param name="state">What it needs.</param>
    /// <param name="position">The event that it delivers; null where it ends subscriptions.</param>
    private void Try<TState>(Action<LocalDelivery<TProperties>, TState> action, TState state, long? position = null)
    {
        try
        {
            action(this, state);
        }
        catch (ObjectDisposedException)
        {
            // Nobody is there.
        }
        catch (Exception exception) when (position is { } at)
        {
            Log.DeliveryFailed(logger, exception, stream, at);
        }
        catch (Exception exception)
        {
            Log.EndingFailed(logger, exception, stream);
        }
    }
}
