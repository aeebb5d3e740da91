namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Reads the stream.</summary>
internal interface IStreamReader : IStreamConnection
{
    /// <summary>
    /// Begins to read, beside what is read already; what there is and then what comes, until the result is disposed of. Does
    /// not wait for a message: beyond the end of the stream there may never be one.
    /// </summary>
    Task<IAsyncDisposable> ReadAsync(StreamStart start, MessageSink sink, CancellationToken cancellationToken);
}
