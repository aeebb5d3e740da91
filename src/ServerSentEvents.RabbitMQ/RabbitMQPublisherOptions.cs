using RabbitMQ.Client;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ;

/// <summary>Settings of a <see cref="RabbitMQEventPublisher"/>.</summary>
/// <remarks>
/// The publisher checks and copies the options once, except for the <see cref="ConnectionFactory"/>. Do not change an instance from
/// several threads at the same time.
/// </remarks>
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
