using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents;

/// <content>Members that publish the events of a source.</content>
public partial class Publisher<TProperties> : IPacedPublisher
{
    /// <summary>
    /// Publishes all events of a source, such as a file or the output of a language model, at the pace of the subscribers.
    /// </summary>
    /// <param name="items">
    /// The source. It is enumerated once, with the <paramref name="cancellationToken"/>. Its enumerator is disposed
    /// before the task completes.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets each event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="cancellationToken">
    /// A token that stops the publishing, also while it waits for subscribers. A source that ignores the token delays the
    /// end of the task until its next event.
    /// </param>
    /// <returns>A task with the number of published events, 0 or more.</returns>
    /// <remarks>
    /// <para><b>Pace.</b> The method looks at the queues before the first event, and again before its events fill more than an
    /// eighth of a queue. If the queue of a subscriber that reads is more than half full, in events or in bytes, the method waits,
    /// for at most a second per event. It waits longer only if the event does not fit. So a fast source does not disconnect
    /// healthy subscribers. Without subscribers, there is no wait.</para>
    /// <para>A subscriber reads if it took an event within the last second. During a flush of <c>CopyToAsync</c>, this time is
    /// as long as the flush needs at 16 KB a second, from one to four seconds. A subscriber that reads nothing for this time no
    /// longer delays the source.</para>
    /// <para><b>Other publishers.</b> Several sources and other calls of <c>Publish</c> can use the same channels at the
    /// same time. Other calls of <c>Publish</c> do not wait.</para>
    /// <para><b>Errors.</b> The method stops at the first error. The task fails with the exception, and the number of
    /// published events is lost. Events that were published before stay published.</para>
    /// <para><b>Threads.</b> The source, and handlers of <see cref="Unsubscribed"/>, run on the calling thread at first,
    /// and later on thread pool threads, one at a time.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using System.Net.ServerSentEvents;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// var count = await publisher.PublishAllAsync(Steps(), "progress");    // 2
    ///
    /// static async IAsyncEnumerable&lt;SseItem&lt;string&gt;&gt; Steps()
    /// {
    ///     yield return new SseItem&lt;string&gt;("50 %", "step");
    ///     await Task.Delay(100);
    ///     yield return new SseItem&lt;string&gt;("100 %", "step");
    /// }
    /// </code>
    /// </example>
    /// <exception cref="ArgumentNullException"><paramref name="items"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// A channel name is null or empty. In the task: an event cannot be sent, as
    /// <see cref="Publish(SseItem{string}, ChannelNames)"/> documents.
    /// </exception>
    /// <exception cref="OperationCanceledException">In the task: the token was canceled.</exception>
    /// <exception cref="ObjectDisposedException">In the task: the publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// In the task: a handler of <see cref="Unsubscribed"/> or a <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw.
    /// The last event was published.
    /// </exception>
    public Task<long> PublishAllAsync(
        IAsyncEnumerable<SseItem<string>> items, ChannelNames channels = default, CancellationToken cancellationToken = default)
    {
        EventSources.ThrowIfInvalid(items, nameof(items));
        return PublishAsync();

        async Task<long> PublishAsync()
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var pacer = new SourcePacer<TProperties>(_core, channels);
            long published = 0;
            // Not "await foreach": the tool of the systematic tests cannot control it.
            var source = items.GetAsyncEnumerator(cancellationToken);
            try
            {
                while (await source.MoveNextAsync().ConfigureAwait(false))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var frame = NewFrame(source.Current, nameof(items));
                    await pacer.WaitForRoomAsync(frame, cancellationToken).ConfigureAwait(false);
                    _core.Send(frame, channels);
                    published++;
                }
            }
            finally
            {
                await source.DisposeAsync().ConfigureAwait(false);
            }

            return published;
        }
    }

    /// <summary>
    /// Publishes events that have only data, from a source such as the output of a language model, at the pace of the
    /// subscribers.
    /// </summary>
    /// <param name="items">
    /// The source of the data. A <see cref="Subscription{TProperties}"/> is refused: publish its
    /// <see cref="Subscription{TProperties}.AsItems"/>. The source is enumerated once, with the
    /// <paramref name="cancellationToken"/>. Its enumerator is disposed before the task completes.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets each event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="cancellationToken">
    /// A token that stops the publishing, also while it waits for subscribers. A source that ignores the token delays the
    /// end of the task until its next event.
    /// </param>
    /// <returns>A task with the number of published events, 0 or more.</returns>
    /// <exception cref="ArgumentException">
    /// The source is a <see cref="Subscription{TProperties}"/>, or a channel name is null or empty. In the task: data is
    /// null, or an event is larger than <see cref="PublisherOptions.MaxEventBytes"/>.
    /// </exception>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// await publisher.PublishAllAsync(File.ReadLinesAsync("story.txt"), "stories");
    /// </code>
    /// </example>
    /// <inheritdoc
    ///     cref="PublishAllAsync(IAsyncEnumerable{SseItem{string}}, ChannelNames, CancellationToken)"
    ///     path="/remarks|/exception[@cref!='T:System.ArgumentException']"/>
    public Task<long> PublishAllAsync(
        IAsyncEnumerable<string> items, ChannelNames channels = default, CancellationToken cancellationToken = default)
    {
        EventSources.ThrowIfInvalid(items, nameof(items));
        return PublishAllAsync(new DataSource(items), channels, cancellationToken);
    }
}
