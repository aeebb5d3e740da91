using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>Extension methods for <see cref="IEventPublisher"/>.</summary>
public static class EventPublisherExtensions
{
    /// <summary>Publishes an event that has only data.</summary>
    /// <param name="publisher">The publisher.</param>
    /// <param name="data">
    /// The data. It can be empty. Each of its lines, separated by CR LF, CR or LF, becomes a <c>data:</c> line.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </param>
    /// <param name="cancellationToken">
    /// A token that stops the wait. An event that was already handed to a broker may still be published.
    /// </param>
    /// <returns>A task that completes when the event is published and this process can no longer lose it.</returns>
    /// <exception cref="ArgumentException">
    /// The publisher or the data is null, or the event or a channel name is invalid.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the event was published.</exception>
    /// <exception cref="AggregateException">
    /// The event was published on this node, and a handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw.
    /// </exception>
    public static ValueTask PublishAsync(
        this IEventPublisher publisher,
        string data,
        ChannelNames channels = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(data);
        return publisher.PublishAsync(new SseItem<string>(data), channels, cancellationToken);
    }
}
