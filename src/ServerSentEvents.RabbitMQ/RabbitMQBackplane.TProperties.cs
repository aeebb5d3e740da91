using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.RabbitMQ.Internal;
using Metrics = ServerSentEvents.RabbitMQ.Internal.Metrics;

namespace ServerSentEvents.RabbitMQ;

/// <summary>
/// Publishes to the subscribers of every node: events go into a RabbitMQ stream, and each node delivers what it reads back
/// from there to the subscribers of its own <see cref="Publisher{TProperties}"/>, in the stream's order.
/// </summary>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
/// <remarks>
/// <para><b>Order and ids.</b> All nodes deliver the same events in the same order, and what one caller publishes, each call
/// after the last one's return, in that order. With <see cref="PublisherOptions.HistoryCapacity"/> above zero, an event's id
/// is its position in the stream, the same on every node, so that a client resumes at any of them; an id of the application's
/// own is kept. What is published to the publisher directly reaches this node's subscribers alone, without an id.</para>
/// <para><b>Outages.</b> While the broker is away clients see a pause, and then what they missed; an event whose confirmation
/// was lost is sent again, and delivered once. Where a node cannot know what was missed, since the stream was deleted or no
/// longer keeps it, it ends its subscriptions, and ids from before are a <see cref="ResumeResult.Gap"/>.</para>
/// <para><b>Threads.</b> Every member can be called from any thread. Do not wait for a task of this type within
/// <see cref="RabbitMQBackplaneOptions{TProperties}.Personalise"/> or a handler of
/// <see cref="Publisher{TProperties}.Unsubscribed"/>: it would wait for the delivery in which that code runs.</para>
/// <para><b>Memory.</b> What waits to be published, as in an outage, is kept until it is confirmed or its time is over: as much
/// as callers hand in within <see cref="RabbitMQBackplaneOptions{TProperties}.PublishTimeout"/>, and until the broker is back
/// what is in the messages that were sent already, 64 at the most, of up to 64 KiB each or of one larger event. Callers that
/// await each call before the next are their own limit.</para>
/// <para><b>Lifetime.</b> One for each publisher, for as long as the application runs; it holds two connections. Dispose of
/// it before the publisher, which stays the caller's.</para>
/// </remarks>
/// <example>
/// <code>
/// using RabbitMQ.Client;
/// using ServerSentEvents;
/// using ServerSentEvents.RabbitMQ;
///
/// using var publisher = new Publisher();
/// var options = new RabbitMQBackplaneOptions&lt;object?&gt;
/// {
///     ConnectionFactory = new ConnectionFactory { Uri = new Uri("amqp://user:password@broker") },
/// };
/// await using var backplane = await RabbitMQBackplane&lt;object?&gt;.ConnectAsync(publisher, options);
/// await backplane.PublishAsync("hello", "news");
/// </code>
/// </example>
public sealed class RabbitMQBackplane<TProperties> : IEventPublisher, IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Settings<TProperties> _settings;
    private readonly Outbox _outbox;
    private readonly ConnectionLoop _writing;
    private readonly ConnectionLoop _reading;
    private readonly EventWriter _writer;
    private readonly EventReader<TProperties> _reader;
    private readonly ReadingLag _lag;

    /// <summary>Both loops, while they run.</summary>
    private Task _running = Task.CompletedTask;

    /// <summary>1 as soon as it is disposed of, changed by an interlocked operation.</summary>
    private int _disposed;

    internal RabbitMQBackplane(Publisher<TProperties> publisher, Settings<TProperties> settings, IStreamTransport transport)
    {
        _settings = settings;
        var (logger, time, stream) = (settings.Logger, settings.TimeProvider, settings.StreamName);
        _outbox = new Outbox(time, settings.PublishTimeout);
        _writing = new ConnectionLoop("publishing", Metrics.ReconnectsToPublish, stream, time, logger);
        _reading = new ConnectionLoop("reading", Metrics.ReconnectsToRead, stream, time, logger);
        _writer = new EventWriter(transport, _outbox, _writing, logger, stream);
        var delivery = new LocalDelivery<TProperties>(publisher, settings.Personalise, logger, stream);
        _lag = new ReadingLag(stream, time, _outbox);
        var follower = new StreamFollower<TProperties>(delivery, _outbox, _lag, settings);
        _reader = new EventReader<TProperties>(transport, follower, _outbox, _lag, _reading);
    }

    /// <summary>
    /// Whether this node reads the end of the stream now: false before it has read back as far as it was told to, and during
    /// an outage or after it was disposed of.
    /// </summary>
    public bool IsCaughtUp => _reader.IsCaughtUp;

    /// <summary>Why nothing can be published now; null while it can.</summary>
    internal string? Obstacle => _outbox.Obstacle;

    /// <summary>Completes when it has caught up for the first time.</summary>
    internal Task CaughtUp => _reader.CaughtUp;

    /// <summary>Connects, reads back as far as the options say, and returns when it has caught up.</summary>
    /// <param name="publisher">Whose subscribers get the events. Those who are there already are ended.</param>
    /// <param name="options">The settings, which are copied.</param>
    /// <param name="cancellationToken">Gives up connecting.</param>
    /// <returns>The backplane, to be disposed of.</returns>
    /// <exception cref="ArgumentException">An argument is null, or an option is missing or out of its range.</exception>
    /// <exception cref="InvalidOperationException">The broker cannot be reached, or refuses; the inner exception says why.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "A constructor would have to connect and could not be awaited.")]
    public static async Task<RabbitMQBackplane<TProperties>> ConnectAsync(
        Publisher<TProperties> publisher,
        RabbitMQBackplaneOptions<TProperties> options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(options);
        var settings = new Settings<TProperties>(options);
        var backplane = new RabbitMQBackplane<TProperties>(publisher, settings, RabbitMQTransport.For(settings));
        await backplane.StartAsync(cancellationToken).ConfigureAwait(false);
        return backplane;
    }

    /// <summary>Publishes an event to the subscribers of every node.</summary>
    /// <param name="item">
    /// The event, as <see cref="Publisher{TProperties}.Publish(SseItem{string}, ChannelNames)"/> takes it, of at most
    /// <see cref="RabbitMQBackplaneOptions{TProperties}.MaxEventBytes"/>.
    /// </param>
    /// <param name="channels">Whose subscribers get it, each once; the default channel where none is given.</param>
    /// <param name="cancellationToken">Gives up waiting; what has been sent already is published all the same.</param>
    /// <returns>
    /// The event's position, which is its id unless it has one of its own; when a quorum of the broker's replicas has it,
    /// and this node's subscribers too.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The event is not fit to be sent, or too large, or a channel's name is null, empty or not well-formed UTF-16. Nothing was
    /// published.
    /// </exception>
    /// <exception cref="TimeoutException">
    /// The broker did not confirm within <see cref="RabbitMQBackplaneOptions{TProperties}.PublishTimeout"/>. The message says
    /// why, and whether the event may be published all the same.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The backplane has been disposed of.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task<string> PublishAsync(
        SseItem<string> item, ChannelNames channels = default, CancellationToken cancellationToken = default)
    {
        EventValidator.ThrowIfInvalid(item, nameof(item));
        var encoded = EventFormat.Encode(item, channels, _settings.TimeProvider.GetMicroseconds());
        var length = MessageFormat.HeaderLength + MessageFormat.LengthOf(encoded);
        if (length > _settings.MaxEventBytes)
        {
            throw new ArgumentException(
                $"The event takes {length} bytes, and MaxEventBytes allows {_settings.MaxEventBytes}.", nameof(item));
        }

        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<string>(cancellationToken);
        var outgoing = new OutgoingItem(encoded, markerEpoch: null, _settings.TimeProvider.GetTimestamp());
        _outbox.Add(outgoing);
        Metrics.Published.Add(1);
        return cancellationToken.CanBeCanceled ? WaitAsync(outgoing, cancellationToken) : outgoing.Done;
    }

    /// <summary>Publishes an event that has only data to the subscribers of every node.</summary>
    /// <param name="data">The data, which may be empty and have any number of lines.</param>
    /// <param name="channels">Whose subscribers get it, each once; the default channel where none is given.</param>
    /// <param name="cancellationToken">Gives up waiting; what has been sent already is published all the same.</param>
    /// <inheritdoc
    ///   cref="PublishAsync(SseItem{string}, ChannelNames, CancellationToken)" path="/*[self::returns or self::exception]"/>
    public Task<string> PublishAsync(string data, ChannelNames channels = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        return PublishAsync(new SseItem<string>(data), channels, cancellationToken);
    }

    /// <inheritdoc/>
    async ValueTask IEventPublisher.PublishAsync(SseItem<string> item, ChannelNames channels, CancellationToken cancellationToken) =>
        await PublishAsync(item, channels, cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Disconnects. What is being published fails with <see cref="ObjectDisposedException"/>, and may have been published.
    /// Can be called twice.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Metrics.Remove(_lag);
        await _stopping.CancelAsync().ConfigureAwait(false);
        _outbox.Dispose();
        await _running.ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>Begins to connect, and goes on until it is disposed of.</summary>
    internal void Start()
    {
        Metrics.Add(_lag);
        _running = Task.WhenAll(
            Task.Run(() => _writer.RunAsync(_stopping.Token)), Task.Run(() => _reader.RunAsync(_stopping.Token)));
    }

    /// <summary>The same, and waits until it has caught up; if the first attempts fail, it is disposed of.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        Start();
        try
        {
            var first = await Task.WhenAny(CaughtUp, _writing.Failed, _reading.Failed)
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            if (first is Task<Exception> failure)
            {
                var reason = await failure.ConfigureAwait(false);
                throw new InvalidOperationException(
                    $"The stream {_settings.StreamName} cannot be reached: {reason.Message}", reason);
            }
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The same, but goes on trying whatever is wrong, and does not wait for longer than an event would.</summary>
    internal async Task StartPatientlyAsync(CancellationToken cancellationToken)
    {
        Start();
        try
        {
            await CaughtUp.WaitAsync(_settings.PublishTimeout, _settings.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Log.StartsWithout(_settings.Logger, _settings.StreamName, _settings.PublishTimeout);
        }
    }

    private async Task<string> WaitAsync(OutgoingItem outgoing, CancellationToken cancellationToken)
    {
        try
        {
            return await outgoing.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException canceled)
        {
            _outbox.Withdraw(outgoing, canceled);
            throw;
        }
    }
}
