namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// One stream of a broker: messages get rising offsets, from 0, in the order in which they are written, and can be read from
/// any of them on, any number of times. One offset at a time may be left out. Opening either side makes the stream if there is none.
/// </summary>
internal interface IStreamTransport
{
    /// <summary>Connects for writing.</summary>
    /// <param name="observer">Is told of confirmations; from one thread at a time.</param>
    /// <param name="cancellationToken">Gives up connecting.</param>
    Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken);

    /// <summary>Connects for reading.</summary>
    Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken);
}
