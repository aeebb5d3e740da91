using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Backplane.Internal.Publishing;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane;

/// <summary>
/// A publisher for the subscribers of every node, over the stream of a broker. Its process needs no subscribers, and no
/// permission to read.
/// </summary>
/// <remarks>
/// <para><b>Order.</b> All nodes deliver the same events in the order of the stream. Events of one publisher are sent in the order
/// of the calls. You need not wait for one call before the next.</para>
/// <para><b>Outages.</b> The publisher reconnects after a lost connection. If a confirmation was lost, it sends the message again,
/// and each node delivers it once. A node that cannot know whether its clients have the events gives them a gap. This concerns a
/// node that joined in between. It also concerns a node that did not read the stream from its first message, for the first events
/// of a new process.</para>
/// <para><b>Thread safety.</b> All members can be called from any thread.</para>
/// <para><b>Memory.</b> Events wait in memory until the broker has confirmed them, or their timeout is over. Callers that await
/// each call bound this by themselves.</para>
/// <para><b>Lifetime.</b> Create one for each stream, for the life of the application. It holds a connection.</para>
/// </remarks>
public abstract partial class StreamPublisher : IEventPublisher, IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly WritingLoop _writing;

    /// <summary>The lock of the start and the disposal.</summary>
    private readonly Lock _gate = new();

    /// <summary>The loops; null before the start. Written under <see cref="_gate"/>, and never after the disposal.</summary>
    private Task? _running;

    /// <summary>True after the disposal. Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _isDisposed;

    /// <summary>Initializes a publisher that is not connected yet.</summary>
    /// <param name="options">The settings, which are checked and copied.</param>
    /// <param name="transport">The stream.</param>
    /// <exception cref="ArgumentException">An argument is null, or an option is missing or out of its range.</exception>
    [Experimental(StreamTransport.DiagnosticId)]
    protected StreamPublisher(StreamPublisherOptions options, IStreamTransport transport)
        : this(new StreamPublisherSettings(options ?? throw new ArgumentNullException(nameof(options))), transport)
    {
    }

    private protected StreamPublisher(StreamPublisherSettings settings, IStreamTransport transport)
    {
        ArgumentNullException.ThrowIfNull(transport);
        (Settings, Transport) = (settings, transport);
        Metrics = BrokerMetrics.For(transport.Broker);
        Outbox = new Outbox(settings.TimeProvider, settings.PublishTimeout);
        StallDetector = new ReaderStallDetector(settings.TimeProvider, Outbox.StallTimeout);
        _writing = new WritingLoop(transport, Outbox, StallDetector, Metrics, settings);
    }

    private protected StreamPublisherSettings Settings { get; }

    private protected IStreamTransport Transport { get; }

    private protected BrokerMetrics Metrics { get; }

    private protected Outbox Outbox { get; }

    private protected ReaderStallDetector StallDetector { get; }

    /// <summary>A task that completes when the publisher is ready for the first time.</summary>
    private protected virtual Task WaitUntilReadyAsync() => _writing.Connected;

    /// <summary>Tasks that complete when the broker refuses.</summary>
    private protected virtual IEnumerable<Task<StreamRefusedException>> Refused => [_writing.Refused];

    /// <summary>The reason why the publisher is not ready.</summary>
    private protected virtual string? Obstacle => _writing.Obstacle;

    /// <summary>Publishes an event to the subscribers of every node.</summary>
    /// <param name="item">
    /// The event. The rules of <see cref="Publisher{TProperties}.Publish(SseItem{string}, ChannelNames)"/> apply. It can take
    /// up to <see cref="StreamPublisherOptions.MaxEventBytes"/>.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </param>
    /// <param name="cancellationToken">A token that stops the wait. An event that was sent may still be published.</param>
    /// <returns>
    /// A task that completes when the broker has confirmed the event. It does not wait until the event is delivered. The exceptions
    /// are those of the task: the call itself does not throw.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The event or a channel name is invalid, or the event is too large. It was not published.
    /// </exception>
    /// <exception cref="TimeoutException">
    /// The broker did not confirm the event within <see cref="StreamPublisherOptions.PublishTimeout"/>. The message says why,
    /// and whether the event may have been published.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed. The event may have been published.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public ValueTask PublishAsync(
        SseItem<string> item, ChannelNames channels = default, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            EventValidator.ThrowIfInvalid(item, nameof(item));
            var encoded = ItemFormat.EncodeEvent(item, channels);
            ThrowIfTooLarge(encoded, "event", nameof(item));
            Metrics.Published.Increment();
            return new ValueTask(SendAsync(encoded, cancellationToken));
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    /// <summary>
    /// Ends the subscriptions with a key on every node, such as those of a user who logs out. It takes its place in the order of
    /// the events: later events are not delivered. Events that a client has not read yet are dropped.
    /// </summary>
    /// <param name="subscriberKey">
    /// The key, as the option <see cref="BackplaneOptions{TProperties}.SubscriberKey"/> of each node returns it.
    /// </param>
    /// <param name="cancellationToken">A token that stops the wait. A disconnect that was sent can still take place.</param>
    /// <returns>A task that completes when the broker has confirmed the disconnect. Each node then carries it out.</returns>
    /// <remarks>
    /// Clients reconnect by themselves: refuse them by authentication. A node without a connection to the broker carries the disconnect
    /// out when it is connected again. A node that starts later does not carry it out, because it had no such subscription.
    /// </remarks>
    /// <exception cref="ArgumentException">The key is null, empty, too long, or not well-formed UTF-16.</exception>
    /// <exception cref="TimeoutException">
    /// The broker did not confirm within <see cref="StreamPublisherOptions.PublishTimeout"/>.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async Task DisconnectAsync(string subscriberKey, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentException.ThrowIfNullOrEmpty(subscriberKey);
        var encoded = ItemFormat.EncodeDisconnect(subscriberKey);
        ThrowIfTooLarge(encoded, "key", nameof(subscriberKey));
        await SendAsync(encoded, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns the state for a health check.</summary>
    internal virtual HealthCheckResult CheckHealth(HealthStatus failureStatus) => _writing.Obstacle is { } obstacle
        ? HealthCheckResult.Degraded($"Nothing can be published: {obstacle}.")
        : HealthCheckResult.Healthy("The broker takes events.");

    /// <summary>Runs the loops until a token is canceled.</summary>
    private protected virtual Task RunAsync(CancellationToken cancellationToken) => _writing.RunAsync(cancellationToken);

    private void ThrowIfTooLarge(byte[] encoded, string what, string paramName)
    {
        var length = MessageFormat.HeaderLength + MessageFormat.LengthOf(encoded);
        if (length > Settings.MaxEventBytes)
            throw new ArgumentException($"The {what} takes {length} bytes, and MaxEventBytes allows {Settings.MaxEventBytes}.", paramName);
    }

    /// <summary>
    /// Adds an item to the outbox, and waits for its confirmation. Without a token, the task is that of the item, which saves
    /// another one.
    /// </summary>
    private Task SendAsync(byte[] encoded, CancellationToken cancellationToken)
    {
        var item = Outbox.Add(encoded);
        return cancellationToken.CanBeCanceled ? WaitAsync(item, cancellationToken) : item.Confirmed;
    }

    private async Task WaitAsync(OutgoingItem item, CancellationToken cancellationToken)
    {
        try
        {
            await item.Confirmed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException canceled)
        {
            Outbox.Withdraw(item, canceled);
            throw;
        }
    }
}
