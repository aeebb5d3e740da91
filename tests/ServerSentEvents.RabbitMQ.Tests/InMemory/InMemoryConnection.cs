namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>One side's connection to a stream in memory.</summary>
internal abstract class InMemoryConnection(InMemoryStream stream)
{
    private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Exception> Lost => _lost.Task;

    protected InMemoryStream Stream { get; } = stream;

    internal void Lose(string reason) => Lose(new IOException(reason));

    internal virtual void Wake()
    {
    }

    public virtual ValueTask DisposeAsync()
    {
        Stream.Forget(this);
        return default;
    }

    protected void Lose(Exception reason) => _lost.TrySetResult(reason);
}
