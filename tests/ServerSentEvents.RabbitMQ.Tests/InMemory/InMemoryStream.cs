using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>A stream in memory, with everything that can go wrong on the way to one.</summary>
internal sealed class InMemoryStream : IStreamTransport
{
    private static readonly byte[] NoMessage = [0];

    /// <summary>Guarded by the lock on this list, as is all else.</summary>
    private readonly List<(DateTimeOffset At, byte[] Body)> _messages = [];
    private readonly List<InMemoryConnection> _connections = [];
    private volatile string? _blocked;
    private bool _isStopped;
    private bool _losesConfirmations;
    private bool _holdsReaders;
    private long _first;

    internal int Connections
    {
        get
        {
            lock (_messages)
                return _connections.Count;
        }
    }

    /// <summary>Where readers began, the first one first.</summary>
    internal List<StreamStart> Starts { get; } = [];

    internal List<byte[]> Messages
    {
        get
        {
            lock (_messages)
                return [.. _messages.Select(message => message.Body)];
        }
    }

    public Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken) =>
        Task.FromResult<IStreamWriter>(Open(new InMemoryWriter(this, observer)));

    public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IStreamReader>(Open(new InMemoryReader(this)));

    internal long Append(ReadOnlySpan<byte> body)
    {
        lock (_messages)
        {
            if (_isStopped)
                throw new IOException("The broker is away.");
            _messages.Add((TimeProvider.System.GetUtcNow(), body.ToArray()));
            Wake_NeedsLock();
            return _messages.Count - 1;
        }
    }

    /// <summary>Whether a message that was just appended is to be confirmed.</summary>
    internal bool Confirms
    {
        get
        {
            lock (_messages)
                return !_losesConfirmations;
        }
    }

    internal string? Blocked => _blocked;

    internal void Stop() => Change(() => _isStopped = true, "The broker is away.");

    internal void Start() => Change(() => _isStopped = false, loss: null);

    /// <summary>From here on messages arrive, and their confirmations do not; with false again, after the connections are lost.</summary>
    internal void LoseConfirmations(bool value) => Change(() => _losesConfirmations = value, loss: value ? null : "Lost.");

    internal void Block(string? reason) => Change(() => _blocked = reason, loss: null);

    /// <summary>Readers get nothing, until they are let go on.</summary>
    internal void HoldReaders(bool value) => Change(() => _holdsReaders = value, loss: null);

    internal void Cut() => Change(() => { }, "Lost.");

    /// <summary>Made anew, empty; or with these.</summary>
    internal void Replace(params byte[][] messages) => Change(
        () =>
        {
            _messages.Clear();
            _messages.AddRange(messages.Select(message => (TimeProvider.System.GetUtcNow(), message)));
            _first = 0;
        },
        "The stream was deleted.");

    /// <summary>So many messages come that nobody can read, and of all others nothing is kept any more.</summary>
    internal void KeepOnlyNew(int count) => Change(
        () =>
        {
            _first = _messages.Count + 1;
            _messages.AddRange(Enumerable.Repeat((TimeProvider.System.GetUtcNow(), Array.Empty<byte>()), count));
        },
        loss: null);

    /// <summary>An offset is taken by what is no message, as when the broker begins a file of its log.</summary>
    internal void BeginFile() => Change(() => _messages.Add((TimeProvider.System.GetUtcNow(), NoMessage)), loss: null);

    /// <summary>Where one that begins there begins.</summary>
    internal long Resolve(StreamStart start)
    {
        lock (_messages)
        {
            Starts.Add(start);
            var offset = start switch
            {
                { Offset: { } at } => at,
                { Since: { } time } => _messages.FindIndex(message => message.At >= time) is var index and >= 0 ? index : _messages.Count,
                { IsLast: true } => Math.Max(_messages.Count - 1, 0),
                _ => 0,
            };
            return Math.Max(offset, _first);
        }
    }

    /// <summary>The message at an offset, or the first that is still kept after it; null if there is none yet.</summary>
    internal (long Offset, byte[] Body)? TryRead(long offset)
    {
        lock (_messages)
        {
            var at = Math.Max(offset, _first);
            while (at < _messages.Count && _messages[(int)at].Body == NoMessage)
                at++;
            return _holdsReaders || at >= _messages.Count ? null : (at, _messages[(int)at].Body);
        }
    }

    internal void Forget(InMemoryConnection connection)
    {
        lock (_messages)
            _connections.Remove(connection);
    }

    private T Open<T>(T connection)
        where T : InMemoryConnection
    {
        lock (_messages)
        {
            if (_isStopped)
                throw new IOException("The broker is away.");
            _connections.Add(connection);
        }

        return connection;
    }

    private void Change(Action change, string? loss)
    {
        lock (_messages)
        {
            change();
            if (loss is not null)
                _connections.ForEach(connection => connection.Lose(loss));
            Wake_NeedsLock();
        }
    }

    private void Wake_NeedsLock() => _connections.ForEach(connection => connection.Wake());
}
