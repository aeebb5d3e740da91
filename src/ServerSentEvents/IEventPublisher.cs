using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>
/// Where an application hands in its events, whether it runs on one machine or on many: a
/// <see cref="Publisher{TProperties}"/> publishes at once, to its own subscribers; a backplane, to those of every node.
/// </summary>
/// <remarks>
/// <para>Can be called from any thread. What one thread publishes, each call after the last one's completion, arrives in that
/// order.</para>
/// <para>A function of each subscriber's properties cannot cross from one process to another, so there is none here: a
/// backplane takes it in its options.</para>
/// </remarks>
/// <example>
/// <code>
/// app.MapPost("/say", async (string text, IEventPublisher events) => await events.PublishAsync(text, "chat"));
/// </code>
/// </example>
public interface IEventPublisher
{
    /// <summary>Publishes an event.</summary>
    /// <param name="item">The event, as <see cref="Publisher{TProperties}.Publish(SseItem{string}, ChannelNames)"/> takes it.</param>
    /// <param name="channels">
    /// Whose subscribers get it, each once; <see cref="Publisher{TProperties}.DefaultChannel"/> where none is given.
    /// </param>
    /// <param name="cancellationToken">Gives up waiting. What has been handed over already may be published all the same.</param>
    /// <returns>A task that is complete when the event is published: nothing that happens here can lose it then.</returns>
    /// <exception cref="ArgumentException">
    /// The event or a channel's name cannot be sent, as <see cref="Publisher{TProperties}"/> documents. Nothing was published.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed of.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the event was published.</exception>
    /// <exception cref="AggregateException">
    /// The event was published here, and a handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw.
    /// </exception>
    ValueTask PublishAsync(SseItem<string> item, ChannelNames channels = default, CancellationToken cancellationToken = default);
}
