using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>What every <see cref="IEventPublisher"/> can do besides.</summary>
public static class EventPublisherExtensions
{
    /// <summary>Publishes an event that has only data; each of its lines, by CR LF, CR or LF, becomes a data line.</summary>
    /// <param name="publisher">What publishes it.</param>
    /// <param name="data">The data, which may be empty and have any number of lines.</param>
    /// <param name="channels">
    /// Whose subscribers get it, each once; <see cref="Publisher{TProperties}.DefaultChannel"/> where none is given.
    /// </param>
    /// <param name="cancellationToken">Gives up waiting, as for an item.</param>
    /// <returns>A task that is complete when the event is published.</returns>
    /// <exception cref="ArgumentException">The publisher or the data is null, or the event cannot be sent.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    public static ValueTask PublishAsync(
        this IEventPublisher publisher, string data, ChannelNames channels = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(data);
        return publisher.PublishAsync(new SseItem<string>(data), channels, cancellationToken);
    }
}
