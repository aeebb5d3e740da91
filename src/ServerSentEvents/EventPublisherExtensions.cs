using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents;

/// <summary>Extension methods for <see cref="IEventPublisher"/>.</summary>
public static partial class EventPublisherExtensions
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
    /// <remarks>To set a type or an id, pass an <see cref="SseItem{T}"/> to <see cref="IEventPublisher.PublishAsync"/>.</remarks>
    /// <exception cref="ArgumentException">
    /// The publisher or the data is null, or the event or a channel name is invalid.
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

    /// <summary>
    /// Publishes all events of a source, such as a file or the output of a language model.
    /// </summary>
    /// <param name="publisher">The publisher.</param>
    /// <param name="items">
    /// The source. It is enumerated once, with the <paramref name="cancellationToken"/>. Its enumerator is disposed
    /// before the task completes.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets each event once. The default is
    /// <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </param>
    /// <param name="cancellationToken">
    /// A token that stops the publishing. An event that was already handed to a broker may still be published. A source
    /// that ignores the token delays the end of the task until its next event.
    /// </param>
    /// <returns>A task with the number of published events, 0 or more.</returns>
    /// <remarks>
    /// <para>A <see cref="Publisher{TProperties}"/> waits for its subscribers, as
    /// <see cref="Publisher{TProperties}.PublishAllAsync(IAsyncEnumerable{SseItem{string}}, ChannelNames, CancellationToken)"/>
    /// documents. For other publishers, such as a backplane, each event is published when the task of the previous one has
    /// completed. They do not wait for subscribers.</para>
    /// <para>The method stops at the first error. The task fails with the exception, and the number of published events is
    /// lost. Events that were published before stay published.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">The publisher or the source is null.</exception>
    /// <exception cref="ArgumentException">
    /// A channel name is null or empty. In the task: an event is invalid.
    /// </exception>
    /// <exception cref="TimeoutException">
    /// In the task, a backplane only: the broker did not confirm the event in time. The message says why, and whether the
    /// event may have been published.
    /// </exception>
    /// <exception cref="OperationCanceledException">In the task: the token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">In the task: the publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// In the task: the last event was published on this node, and a handler of
    /// <see cref="Publisher{TProperties}.Unsubscribed"/> or a <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw.
    /// </exception>
    /// <example>
    /// <code>
    /// using System.Net.ServerSentEvents;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// IEventPublisher events = publisher;
    /// var count = await events.PublishAllAsync(Steps(), "progress");    // 2
    ///
    /// static async IAsyncEnumerable&lt;SseItem&lt;string&gt;&gt; Steps()
    /// {
    ///     yield return new SseItem&lt;string&gt;("50 %");
    ///     await Task.Delay(100);
    ///     yield return new SseItem&lt;string&gt;("100 %");
    /// }
    /// </code>
    /// </example>
    public static Task<long> PublishAllAsync(
        this IEventPublisher publisher,
        IAsyncEnumerable<SseItem<string>> items,
        ChannelNames channels = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        EventSources.ThrowIfInvalid(items, nameof(items));
        return publisher is IPacedPublisher paced
            ? paced.PublishAllAsync(items, channels, cancellationToken)
            : PublishEachAsync();

        async Task<long> PublishEachAsync()
        {
            cancellationToken.ThrowIfCancellationRequested();
            long published = 0;
            await foreach (var item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                await publisher.PublishAsync(item, channels, cancellationToken).ConfigureAwait(false);
                published++;
            }

            return published;
        }
    }

    /// <summary>
    /// Publishes events that have only data, from a source such as the output of a language model.
    /// </summary>
    /// <param name="publisher">The publisher.</param>
    /// <param name="items">
    /// The source of the data. A <see cref="Subscription{TProperties}"/> is refused: publish its
    /// <see cref="Subscription{TProperties}.AsItems"/>. The source is enumerated once, with the
    /// <paramref name="cancellationToken"/>. Its enumerator is disposed before the task completes.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets each event once. The default is
    /// <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </param>
    /// <param name="cancellationToken">
    /// A token that stops the publishing. An event that was already handed to a broker may still be published. A source
    /// that ignores the token delays the end of the task until its next event.
    /// </param>
    /// <returns>A task with the number of published events, 0 or more.</returns>
    /// <exception cref="ArgumentException">
    /// The source is a <see cref="Subscription{TProperties}"/>, or a channel name is null or empty. In the task: an event
    /// is invalid.
    /// </exception>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// IEventPublisher events = publisher;
    /// await events.PublishAllAsync(File.ReadLinesAsync("story.txt"), "stories");
    /// </code>
    /// </example>
    /// <inheritdoc
    ///     cref="PublishAllAsync(IEventPublisher, IAsyncEnumerable{SseItem{string}}, ChannelNames, CancellationToken)"
    ///     path="/remarks|/exception[@cref!='T:System.ArgumentException']"/>
    public static Task<long> PublishAllAsync(
        this IEventPublisher publisher,
        IAsyncEnumerable<string> items,
        ChannelNames channels = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        EventSources.ThrowIfInvalid(items, nameof(items));
        return publisher.PublishAllAsync(new DataSource(items), channels, cancellationToken);
    }
}
