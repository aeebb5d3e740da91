using ServerSentEvents.Backplane;
using ServerSentEvents.Backplane.Contract;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Systematic;

/// <summary>A stream in memory whose writers confirm later, on other threads.</summary>
internal sealed class LateStream : IStreamTransport
{
    private readonly InMemoryStream _stream = new();

    /// <summary>The open writers. Guarded by this list.</summary>
    private readonly List<LateWriter> _writers = [];

    public string Broker => _stream.Broker;

    public string Stream => _stream.Stream;

    /// <summary>Whether a confirmation counts for all earlier messages.</summary>
    internal bool ConfirmsAll { get; init; }

    /// <summary>The number of open connections.</summary>
    internal int Connections
    {
        get
        {
            lock (_writers)
                return _writers.Count + _stream.Connections;
        }
    }

    /// <summary>The data of all events in the stream, in order. A retransmission does not count if the stream has the message.</summary>
    internal IEnumerable<string> Data => _stream.Messages.Select(Decode).DistinctBy(message => message.Id)
        .SelectMany(message => message.Items).Where(item => item.Event is not null).Select(item => item.Event!.Value.Data);

    public Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var writer = new LateWriter(this, observer);
        lock (_writers)
            _writers.Add(writer);
        return Task.FromResult<IStreamWriter>(writer);
    }

    public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) => _stream.OpenReaderAsync(cancellationToken);

    internal long Append(ReadOnlySpan<byte> message) => _stream.Append(message);

    internal void LoseReader() => _stream.Cut();

    internal void LoseWriter()
    {
        LateWriter[] writers;
        lock (_writers)
            writers = [.. _writers];
        foreach (var writer in writers)
            writer.Lose();
    }

    private static StreamMessage Decode(byte[] body)
    {
        MessageFormat.TryDecode(body, out var message).Should().Be(DecodeResult.Decoded);
        return message;
    }

    private sealed class LateWriter(LateStream stream, IStreamWriterObserver observer) : IStreamWriter
    {
        private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The lock of a confirmation. The engine gets one at a time, and none after the disposal.</summary>
        private readonly object _gate = new();

        private long _sent;
        private long _confirmed;
        private bool _isDisposed;

        public Task<Exception> Lost => _lost.Task;

        public string? Blocked => null;

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Lost.IsCompleted)
                throw new IOException("Lost.");
            stream.Append(message.Span);
            var number = ++_sent;
            ThreadPool.UnsafeQueueUserWorkItem(_ => Confirm(number), state: null);
            return default;
        }

        public ValueTask DisposeAsync()
        {
            lock (_gate)
                _isDisposed = true;
            lock (stream._writers)
                stream._writers.Remove(this);
            return default;
        }

        /// <summary>Loses the connection. Confirmations can still come until the engine disposes of the writer.</summary>
        internal void Lose()
        {
            _lost.TrySetResult(new IOException("Lost."));
            observer.Changed();
        }

        private void Confirm(long number)
        {
            lock (_gate)
            {
                if (_isDisposed || number <= _confirmed)
                    return;
                if (stream.ConfirmsAll)
                    _confirmed = number;
                observer.Confirmed(number, stream.ConfirmsAll);
            }
        }
    }
}
