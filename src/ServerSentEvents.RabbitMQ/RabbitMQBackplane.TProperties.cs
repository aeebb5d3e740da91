using System.Diagnostics.CodeAnalysis;
using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ;

/// <summary>
/// The backplane of one node. It publishes to the subscribers of every node over a RabbitMQ stream, and delivers the events
/// of the stream to the subscribers of this node.
/// </summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// The remarks of <see cref="StreamBackplane{TProperties}"/> apply: order, ids, loss, memory, threads and lifetime. A confirmed
/// event is on a quorum of the stream's replicas.
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
public sealed class RabbitMQBackplane<TProperties> : StreamBackplane<TProperties>
{
    internal RabbitMQBackplane(Publisher<TProperties> publisher, RabbitMQBackplaneOptions<TProperties> options)
        : base(publisher, options, new RabbitMQTransport(RabbitMQSettings.From(options)))
    {
    }

    /// <summary>Connects, reads back as far as the options say, and returns when this node has caught up and can publish.</summary>
    /// <param name="publisher">
    /// The publisher of this node. Its subscriptions end. It generates no ids anymore, also if this method fails: to go on
    /// without a backplane, create a new one.
    /// </param>
    /// <param name="options">The settings, which are checked and copied.</param>
    /// <param name="cancellationToken">A token that stops connecting.</param>
    /// <returns>The backplane. The caller disposes it.</returns>
    /// <exception cref="ArgumentException">An argument is null, or an option is missing or out of its range.</exception>
    /// <exception cref="InvalidOperationException">
    /// The broker refuses, or the node has not caught up within <see cref="StreamPublisherOptions.PublishTimeout"/>. The
    /// message says why.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "A constructor cannot be awaited.")]
    public static async Task<RabbitMQBackplane<TProperties>> ConnectAsync(
        Publisher<TProperties> publisher,
        RabbitMQBackplaneOptions<TProperties> options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(options);
        var backplane = new RabbitMQBackplane<TProperties>(publisher, options);
        await backplane.ConnectAsync(cancellationToken).ConfigureAwait(false);
        return backplane;
    }
}
