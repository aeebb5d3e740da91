using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.Contract;

/// <summary>A way to a stream on which confirmations get lost when a test says so, and with them the connection.</summary>
internal sealed class LostConfirmations(IStreamTransport transport) : IStreamTransport
{
    private TaskCompletionSource? _swallowed;
    private volatile Writer? _writer;

    /// <summary>From here on nothing is confirmed. Completes when something would have been.</summary>
    internal Task BeginAsync() => (_swallowed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>The connection is lost, and the next one is a good one.</summary>
    internal void LoseConnection()
    {
        _swallowed = null;
        _writer!.Lose();
    }

    public async Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken) =>
        _writer = new Writer(await transport.OpenWriterAsync(new Observer(this, observer), cancellationToken), observer);

    public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) => transport.OpenReaderAsync(cancellationToken);

    private sealed class Observer(LostConfirmations owner, IWriterObserver observer) : IWriterObserver
    {
        public void Confirmed(ulong number, bool all)
        {
            if (owner._swallowed is { } swallowed)
                swallowed.TrySetResult();
            else
                observer.Confirmed(number, all);
        }

        public void Changed() => observer.Changed();
    }

    private sealed class Writer(IStreamWriter writer, IWriterObserver observer) : IStreamWriter
    {
        private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Exception> Lost => Task.WhenAny(writer.Lost, _lost.Task).Unwrap();

        public string? Blocked => writer.Blocked;

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            writer.SendAsync(message, cancellationToken);

        public ValueTask DisposeAsync() => writer.DisposeAsync();

        internal void Lose()
        {
            _lost.TrySetResult(new IOException("Lost."));
            observer.Changed();
        }
    }
}
