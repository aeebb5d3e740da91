using RabbitMQ.Client;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ;

/// <summary>
/// The settings of a <see cref="RabbitMQEventPublisher"/>. They are checked and copied once, except for the
/// <see cref="ConnectionFactory"/>. Not safe to change from several threads.
/// </summary>
public sealed class RabbitMQPublisherOptions : StreamPublisherOptions
{
    /// <inheritdoc cref="RabbitMQBackplaneOptions{TProperties}.ConnectionFactory"/>
    public ConnectionFactory? ConnectionFactory { get; set; }

    /// <inheritdoc cref="RabbitMQBackplaneOptions{TProperties}.Endpoints"/>
    public IList<AmqpTcpEndpoint> Endpoints { get; set; } = [];

    /// <inheritdoc cref="RabbitMQBackplaneOptions{TProperties}.StreamName"/>
    public string StreamName { get; set; } = "server-sent-events";

    /// <inheritdoc cref="RabbitMQBackplaneOptions{TProperties}.MaxAge"/>
    public TimeSpan? MaxAge { get; set; } = TimeSpan.FromDays(1);

    /// <inheritdoc cref="RabbitMQBackplaneOptions{TProperties}.MaxBytes"/>
    public long? MaxBytes { get; set; } = 1L << 30;
}
