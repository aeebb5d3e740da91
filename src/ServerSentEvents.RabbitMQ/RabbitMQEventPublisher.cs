using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ;

/// <summary>
/// A publisher for the subscribers of every node, over a RabbitMQ stream. Use it in a process without subscribers,
/// such as a worker.
/// </summary>
/// <remarks>
/// The remarks of <see cref="StreamPublisher"/> apply: order, outages, memory and threads. Dispose the publisher
/// when the process stops. The user needs the permission to write to <c>amq.default</c>, and to configure the stream if it does
/// not exist yet.
/// </remarks>
/// <example>
/// <code>
/// using RabbitMQ.Client;
/// using ServerSentEvents;
/// using ServerSentEvents.RabbitMQ;
///
/// var options = new RabbitMQPublisherOptions
/// {
///     ConnectionFactory = new ConnectionFactory { Uri = new Uri("amqp://user:password@broker") },
/// };
/// await using var publisher = new RabbitMQEventPublisher(options);
/// await publisher.PublishAsync("hello", "news");
/// </code>
/// </example>
public sealed class RabbitMQEventPublisher : StreamPublisher
{
    /// <summary>Initializes a publisher, which connects in the background.</summary>
    /// <param name="options">The settings, which are checked and copied.</param>
    /// <exception cref="ArgumentException">The argument is null, or an option is missing or out of its range.</exception>
    public RabbitMQEventPublisher(RabbitMQPublisherOptions options)
        : base(options ?? throw new ArgumentNullException(nameof(options)), new RabbitMQTransport(RabbitMQSettings.From(options)))
    {
        Start();
    }
}
