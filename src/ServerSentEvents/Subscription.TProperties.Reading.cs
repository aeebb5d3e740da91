using System.IO.Pipelines;
using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents;

/// <content>Members that read the stream.</content>
public sealed partial class Subscription<TProperties>
{
    /// <summary>Starts to read the stream as text. Each string is one whole event or comment, to be written unchanged.</summary>
    /// <param name="cancellationToken">
    /// A token that ends the subscription at once, also while the reader is busy, and drops its queue. The current or
    /// next <c>MoveNextAsync</c> throws an <see cref="OperationCanceledException"/>.
    /// </param>
    /// <returns>
    /// The only enumerator of this subscription. Its <c>DisposeAsync</c> ends the subscription, and throws the exceptions
    /// of <see cref="Publisher{TProperties}.Unsubscribed"/> handlers. If the subscription has been disposed, the stream
    /// is empty.
    /// </returns>
    /// <exception cref="InvalidOperationException">The stream has, or had, a reader.</exception>
    public IAsyncEnumerator<string> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new TextEnumerator<TProperties>(this, cancellationToken);

    /// <summary>
    /// Returns the stream as items without framing, for <c>TypedResults.ServerSentEvents</c> and other code that writes
    /// the wire format itself.
    /// </summary>
    /// <returns>
    /// A sequence that can be enumerated once, instead of this subscription itself. Its <c>GetAsyncEnumerator</c> throws
    /// an <see cref="InvalidOperationException"/> if the stream has, or had, a reader.
    /// </returns>
    /// <remarks>
    /// <para>Items are made from the framed event: line ends in the data are LF, and lone surrogates are U+FFFD. With a
    /// history, each item has its id.</para>
    /// <para>Comments, heartbeats and the <c>retry:</c> at the start of the stream are left out. An application that
    /// frames items itself therefore sends no heartbeats, unless it writes its own. <c>TypedResults.ServerSentEvents</c> also
    /// sends no headers before the first event. The <c>ToResult</c> method of the package
    /// <c>ServerSentEvents.AspNetCore</c> does both.</para>
    /// </remarks>
    public IAsyncEnumerable<SseItem<string>> AsItems() => new ItemStream<TProperties>(this);

    /// <summary>Writes the stream to a pipe as UTF-8 until it ends. This is the efficient way to serve many clients.</summary>
    /// <param name="writer">
    /// The destination. The caller keeps it, must not use it until the task completes, and completes it afterwards.
    /// </param>
    /// <param name="cancellationToken">
    /// A token that ends the subscription at once, also during a flush, and drops its queue.
    /// </param>
    /// <returns>
    /// A task that completes when the stream has ended, or when the reader of the pipe has completed. The subscription
    /// has then ended.
    /// </returns>
    /// <remarks>
    /// <para>All queued events are written with one flush, up to 64 KiB; a larger event takes several. An idle copy uses no
    /// thread and no buffer. Shared events are encoded once for all subscribers.</para>
    /// <para><b>The writer must not block.</b> A few threads write for all subscribers. <c>FlushAsync</c> must return an
    /// incomplete task instead of waiting. It gets a token that is canceled when the subscription is ended at once: by
    /// <see cref="Dispose"/>, by <paramref name="cancellationToken"/>, or after the
    /// <see cref="PublisherOptions.LingerTimeout"/>. The copy waits for a writer that ignores this token.</para>
    /// <para><b>After the end</b> of the subscription by other means, the queued events are still written. A client that
    /// reads nothing for the <see cref="PublisherOptions.LingerTimeout"/> is cut off, also after the publisher has been
    /// disposed. With the default settings, a client that takes at least 16 KB a second gets everything that a
    /// full queue holds.</para>
    /// <para><b>Errors.</b> An exception of the writer ends this subscription only, and the task fails with it.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="writer"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The stream has, or had, a reader.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the stream had ended.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Publisher{TProperties}.Unsubscribed"/> threw. If the writer threw as well, its exception is one of
    /// the inner ones.
    /// </exception>
    public Task CopyToAsync(PipeWriter writer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        TakeReader();
        return CopyAsReaderAsync(writer, cancellationToken);
    }

    /// <summary>
    /// Writes the stream of events to a <see cref="Stream"/> as UTF-8 until it ends, with a flush after each batch.
    /// </summary>
    /// <param name="stream">The destination. It is left open. The caller must not use it until the task completes.</param>
    /// <param name="cancellationToken">
    /// A token that ends the subscription at once, and drops its queue. It also cancels a pending write, if the stream
    /// supports that.
    /// </param>
    /// <returns>A task that completes when the stream of events has ended. The subscription has then ended.</returns>
    /// <remarks>
    /// The rules of <see cref="CopyToAsync(PipeWriter, CancellationToken)"/> apply: <c>WriteAsync</c> and
    /// <c>FlushAsync</c> of the stream must not block, and an exception of the stream ends this subscription only.
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is null.</exception>
    /// <inheritdoc cref="CopyToAsync(PipeWriter, CancellationToken)" path="/exception[@cref!='T:System.ArgumentNullException']"/>
    public Task CopyToAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        TakeReader();
        var options = new StreamPipeWriterOptions(minimumBufferSize: PipeCopy<TProperties>.BytesPerFlush, leaveOpen: true);
        return CopyAsync(PipeWriter.Create(stream, options));

        async Task CopyAsync(PipeWriter writer)
        {
            try
            {
                await CopyAsReaderAsync(writer, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // Without an exception, CompleteAsync would write bytes that were not flushed. They must not be written now.
                await writer.CompleteAsync(new OperationCanceledException()).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Attaches a copy, which is signaled for every later frame and for the end.</summary>
    internal void Attach(QueueCopy copy)
    {
        // A queue that was released gets no more frames.
        if (Core is { } core && Subscriber is { } subscriber)
            core.Registry.Attach(copy, subscriber);
    }

    /// <summary>
    /// Lets the stream begin with an empty comment if the reader would otherwise have to wait. Call before the stream is read.
    /// </summary>
    internal void EnsureFirstByte() => Subscriber?.EnsureFirstByte();

    /// <summary>The initial data that the reader has to load; null for none.</summary>
    internal InitialLoad? PendingLoad => Subscriber?.PendingLoad;

    /// <summary>
    /// Starts the copy for a caller that has already called <see cref="TakeReader"/>, before it prepared a response.
    /// </summary>
    internal Task CopyAsReaderAsync(PipeWriter writer, CancellationToken cancellationToken) =>
        Subscriber is { } subscriber
            ? PipeCopy<TProperties>.Start(this, subscriber, writer, cancellationToken)
            : Task.CompletedTask;

    /// <exception cref="InvalidOperationException">The stream has, or had, a reader.</exception>
    internal void TakeReader()
    {
        if (Interlocked.Exchange(ref _hasReader, 1) != 0)
            throw new InvalidOperationException("A subscription can be read once, and this one has, or had, its reader.");
    }
}
