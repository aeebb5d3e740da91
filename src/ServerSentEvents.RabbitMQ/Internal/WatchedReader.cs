namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A reader that also counts as lost when it is stuck. Whoever made the other one disposes of it.</summary>
internal sealed class WatchedReader(IStreamReader reader, Task<Exception> stuck) : IStreamReader
{
    public Task<Exception> Lost { get; } = Task.WhenAny(reader.Lost, stuck).Unwrap();

    public Task<IAsyncDisposable> ReadAsync(StreamStart start, MessageSink sink, CancellationToken cancellationToken) =>
        reader.ReadAsync(start, sink, cancellationToken);

    public ValueTask DisposeAsync() => default;
}
