using Microsoft.Coyote.Random;
using ServerSentEvents.Backplane;
using ServerSentEvents.Backplane.Contract;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Systematic;

/// <summary>A stream in memory whose writers append and confirm later, on other threads.</summary>
internal sealed class LateStream : IStreamTransport
{
    private readonly InMemoryStream _stream = new();

    /// <summary>The open writers. Guarded by this list.</summary>
    private readonly List<LateWriter> _writers = [];

    public string Broker => _stream.Broker;

    public string Stream => _stream.Stream;

    /// <summary>True if a confirmation counts for all earlier messages.</summary>
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
        MessageFormat.Decode(body, out var message).Should().Be(DecodeResult.Decoded);
        return message;
    }

    private sealed class LateWriter(LateStream stream, IStreamWriterObserver observer) : IStreamWriter
    {
        private readonly TaskCompletionSource<Exception> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly Generator _choice = Generator.Create();

        /// <summary>The lock of the fields below. The engine gets one confirmation at a time, and none after the disposal.</summary>
        private readonly object _gate = new();

        /// <summary>The messages that are on their way to the broker.</summary>
        private readonly Queue<ReadOnlyMemory<byte>> _sent = [];

        private long _appended;
        private long _confirmed;
        private bool _isDisposed;

        /// <summary>True if the messages on their way do not arrive anymore.</summary>
        private bool _isCut;

        public Task<Exception> Lost => _lost.Task;

        public string? Blocked => null;

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Lost.IsCompleted)
                throw new IOException("Lost.");
            lock (_gate)
                _sent.Enqueue(message);
            ThreadPool.UnsafeQueueUserWorkItem(_ => Deliver(), state: null);
            return default;
        }

        public ValueTask DisposeAsync()
        {
            lock (_gate)
                (_isDisposed, _isCut) = (true, true);
            lock (stream._writers)
                stream._writers.Remove(this);
            return default;
        }

        /// <summary>Loses the connection. Messages and confirmations can still arrive until the engine disposes of the writer.</summary>
        internal void Lose()
        {
            _lost.TrySetResult(new IOException("Lost."));
            observer.Changed();
        }

        private void Deliver()
        {
            long number;
            lock (_gate)
            {
                _isCut |= MayBeLost();
                if (_isCut)
                    return;
                stream.Append(_sent.Dequeue().Span);
                number = ++_appended;
            }

            Confirm(number);
        }

        private void Confirm(long number)
        {
            lock (_gate)
            {
                if (_isDisposed || number <= _confirmed || MayBeLost())
                    return;
                if (stream.ConfirmsAll)
                    _confirmed = number;
                observer.Confirmed(number, stream.ConfirmsAll);
            }
        }

        private bool MayBeLost() => Lost.IsCompleted && _choice.NextBoolean();
    }
}
