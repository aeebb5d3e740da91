namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>The codes with which the broker closes a channel or a connection, from AMQP 0-9-1.</summary>
internal static class ReplyCodes
{
    internal const ushort AccessRefused = 403;
    internal const ushort NotFound = 404;
    internal const ushort PreconditionFailed = 406;
    internal const ushort NotAllowed = 530;
}
