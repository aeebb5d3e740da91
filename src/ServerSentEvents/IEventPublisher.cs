using System.Net.ServerSentEvents;

namespace ServerSentEvents;

/// <summary>
/// A publisher of events for code that runs on one node or on many. A <see cref="Publisher{TProperties}"/> publishes to
/// its own subscribers; a backplane publishes to those of every node.
/// </summary>
/// <remarks>
/// <para><b>Thread safety.</b> Implementations can be used from any thread.</para>
/// <para><b>Errors.</b> The exceptions of <see cref="PublishAsync"/> are in the returned task. Extension methods throw at
/// the call if an argument is null, a delegate or a subscription, if a type or an id is invalid, or if JSON options do not know
/// the type of the value. All other exceptions are in the task. The conversion to <see cref="ChannelNames"/> throws at the
/// call.</para>
/// <para><b>Order.</b> If each call starts after the previous one has completed, the events arrive in that order.</para>
/// <para><b>Personalized events.</b> A function cannot be sent to another process, so this interface has no overload for
/// one. A backplane takes such a function in its options.</para>
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents;
///
/// class Chat(IEventPublisher events)
/// {
///     public async Task SayAsync(string text, CancellationToken cancellationToken) =>
///         await events.PublishAsync(text, "chat", cancellationToken);
/// }
/// </code>
/// </example>
public interface IEventPublisher
{
    /// <summary>Publishes an event.</summary>
    /// <param name="item">
    /// The event. The rules of <see cref="Publisher{TProperties}.Publish(SseItem{string}, ChannelNames)"/> apply.
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
    /// The event or a channel name is invalid, as <see cref="Publisher{TProperties}"/> documents. The event was not
    /// published.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="TimeoutException">
    /// A backplane only: the broker did not confirm the event in time. The message says why, and whether the event may
    /// have been published.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// The token was canceled. Without a backplane, the event was not published. With one, it may have been.
    /// </exception>
    /// <exception cref="AggregateException">
    /// The event was published on this node, and a handler of <see cref="Publisher{TProperties}.Unsubscribed"/> or a
    /// <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw.
    /// </exception>
    ValueTask PublishAsync(SseItem<string> item, ChannelNames channels = default, CancellationToken cancellationToken = default);
}
