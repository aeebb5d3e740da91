namespace ServerSentEvents.Backplane.Contract;

/// <summary>
/// A transport that a test can hold, silence, or disconnect. Its connections are those of another transport.
/// </summary>
public sealed class ChangedTransport(IStreamTransport transport) : IStreamTransport
{
    private readonly ManualResetEventSlim _reading = new(initialState: true);
    private volatile Connection? _writer;
    private volatile Connection? _reader;
    private volatile TaskCompletionSource? _swallowed;
    private volatile Task _sending = Task.CompletedTask;
    private volatile Task _confirming = Task.CompletedTask;
    private volatile bool _isSilent;
    private int _writersOpened;
    private int _readersOpened;
    private int _sendsBegun;
    private int _confirmations;

    public int WritersOpened => Volatile.Read(ref _writersOpened);

    public int ReadersOpened => Volatile.Read(ref _readersOpened);

    public int SendsBegun => Volatile.Read(ref _sendsBegun);

    /// <summary>The number of confirmations that the node has processed to the end, after it has told the callers.</summary>
    public int Confirmations => Volatile.Read(ref _confirmations);

    public string Broker => transport.Broker;

    public string Stream => transport.Stream;

    /// <summary>Holds what is read until <see cref="Release"/>. Other nodes read on.</summary>
    public void Hold() => _reading.Reset();

    public void Release() => _reading.Set();

    /// <summary>Makes the current reader receive nothing, without an error.</summary>
    public void StopReceiving() => _isSilent = true;

    /// <summary>Lets the broker take messages only after a task.</summary>
    public void SendAfter(Task task) => _sending = task;

    /// <summary>Forwards confirmations only after a task.</summary>
    public void ConfirmAfter(Task task) => _confirming = task;

    /// <summary>Swallows confirmations from now on. The task completes when there was one.</summary>
    public Task SwallowConfirmations() =>
        (_swallowed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Loses the connection of the writer. The next one confirms.</summary>
    public void LoseWriter()
    {
        _swallowed = null;
        _writer!.Lose();
    }

    public void LoseReader() => _reader!.Lose();

    public async Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _writersOpened);
        var writer = new Writer(this, await transport.OpenWriterAsync(new Observer(this, observer), cancellationToken), observer);
        _writer = writer;
        return writer;
    }

    public async Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _readersOpened);
        _isSilent = false;
        var reader = new Reader(this, await transport.OpenReaderAsync(cancellationToken));
        _reader = reader;
        return reader;
    }

    private abstract class Connection(IStreamConnection connection) : IStreamConnection
    {
        private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Exception> Lost => Task.WhenAny(connection.Lost, _lost.Task).Unwrap();

        public ValueTask DisposeAsync() => connection.DisposeAsync();

        internal virtual void Lose() => _lost.TrySetResult(new IOException("Lost."));
    }

    private sealed class Observer(ChangedTransport owner, IStreamWriterObserver observer) : IStreamWriterObserver
    {
        public void Confirmed(long number, bool all)
        {
            if (owner._swallowed is { } swallowed)
                swallowed.TrySetResult();
            else
                _ = ConfirmAsync(number, all);
        }

        public void Changed() => observer.Changed();

        private async Task ConfirmAsync(long number, bool all)
        {
            await owner._confirming;
            observer.Confirmed(number, all);
            Interlocked.Increment(ref owner._confirmations);
        }
    }

    private sealed class Writer(ChangedTransport owner, IStreamWriter writer, IStreamWriterObserver observer)
        : Connection(writer), IStreamWriter
    {
        public string? Blocked => writer.Blocked;

        public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref owner._sendsBegun);
            await owner._sending;
            await writer.SendAsync(message, cancellationToken);
        }

        internal override void Lose()
        {
            base.Lose();
            observer.Changed();
        }
    }

    private sealed class Reader(ChangedTransport owner, IStreamReader reader) : Connection(reader), IStreamReader
    {
        public Task<long> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            reader.AppendAsync(message, cancellationToken);

        public Task ReadAsync(StreamStart start, StreamMessageHandler handler, CancellationToken cancellationToken) =>
            reader.ReadAsync(
                start,
                (offset, order, body) =>
                {
                    owner._reading.Wait(Limits.Patience);
                    if (!owner._isSilent)
                        handler(offset, order, body);
                },
                cancellationToken);
    }
}
