namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>One direction's connection to the broker, which never comes back once it is lost.</summary>
internal interface IStreamConnection : IAsyncDisposable
{
    /// <summary>Completes, with the reason, when the connection or the stream at its other end is lost.</summary>
    Task<Exception> Lost { get; }
}
