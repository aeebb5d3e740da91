using System.Threading.Channels;
using Microsoft.Coyote.Runtime;

namespace ServerSentEvents.Systematic.Exploration;

/// <summary>A replacement for the factory of channels. Coyote schedules the channels that it creates.</summary>
internal static class ScheduledChannel
{
    public static Channel<T> CreateBounded<T>(int capacity) =>
        new ScheduledChannel<T>(System.Threading.Channels.Channel.CreateBounded<T>(capacity));

    public static Channel<T> CreateBounded<T>(BoundedChannelOptions options) =>
        new ScheduledChannel<T>(System.Threading.Channels.Channel.CreateBounded<T>(options));

    public static Channel<T> CreateBounded<T>(BoundedChannelOptions options, Action<T> itemDropped) =>
        new ScheduledChannel<T>(System.Threading.Channels.Channel.CreateBounded(options, itemDropped));

    public static Channel<T> CreateUnbounded<T>(UnboundedChannelOptions options) =>
        new ScheduledChannel<T>(System.Threading.Channels.Channel.CreateUnbounded<T>(options));
}

/// <summary>
/// A real channel with a scheduling point before each operation. This type makes the tasks that it returns, because Coyote
/// cannot control the tasks of the real channel.
/// </summary>
internal sealed class ScheduledChannel<T> : Channel<T>
{
    private readonly Channel<T> _inner;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The lock of the state below. Taking the lock is a scheduling point.</summary>
    private readonly object _gate = new();

    /// <summary>The waiting reader; null if none. Guarded by _gate.</summary>
    private TaskCompletionSource<bool>? _waiting;

    /// <summary>True if the last write has happened. Guarded by _gate.</summary>
    private bool _isClosed;

    internal ScheduledChannel(Channel<T> inner)
    {
        _inner = inner;
        Reader = new ScheduledReader(this);
        Writer = new ScheduledWriter(this);
    }

    private bool TryWrite(T item)
    {
        lock (_gate)
        {
            if (!_inner.Writer.TryWrite(item))
                return false;
            WakeReader(hasItem: true);
            return true;
        }
    }

    private bool TryComplete(Exception? error)
    {
        lock (_gate)
        {
            if (!_inner.Writer.TryComplete(error))
                return false;
            _isClosed = true;
            WakeReader(hasItem: false);
            CompleteIfEmpty();
            return true;
        }
    }

    private bool TryRead(out T item)
    {
        lock (_gate)
        {
            if (!_inner.Reader.TryRead(out item!))
                return false;
            CompleteIfEmpty();
            return true;
        }
    }

    private ValueTask<bool> WaitToReadAsync()
    {
        lock (_gate)
        {
            if (_inner.Reader.Count > 0)
                return new(true);
            if (_isClosed)
                return new(false);
            _waiting ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(_waiting.Task);
        }
    }

    private void WakeReader(bool hasItem)
    {
        var waiting = _waiting;
        _waiting = null;
        waiting?.SetResult(hasItem);
    }

    private void CompleteIfEmpty()
    {
        if (_isClosed && _inner.Reader.Count == 0)
            _completion.TrySetResult();
    }

    private sealed class ScheduledReader(ScheduledChannel<T> channel) : ChannelReader<T>
    {
        public override bool CanCount => true;

        public override bool CanPeek => true;

        public override int Count
        {
            get
            {
                SchedulingPoint.Interleave();
                return channel._inner.Reader.Count;
            }
        }

        public override Task Completion
        {
            get
            {
                SchedulingPoint.Interleave();
                return channel._completion.Task;
            }
        }

        public override bool TryPeek(out T item)
        {
            SchedulingPoint.Interleave();
            return channel._inner.Reader.TryPeek(out item!);
        }

        public override bool TryRead(out T item) => channel.TryRead(out item);

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
            channel.WaitToReadAsync();

        public override async ValueTask<T> ReadAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (TryRead(out var item))
                    return item;
                if (!await ScheduledCalls.WaitAsync(channel.WaitToReadAsync().AsTask(), cancellationToken))
                    throw new ChannelClosedException();
            }
        }
    }

    private sealed class ScheduledWriter(ScheduledChannel<T> channel) : ChannelWriter<T>
    {
        public override bool TryWrite(T item) => channel.TryWrite(item);

        public override bool TryComplete(Exception? error = null) => channel.TryComplete(error);

        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("The library does not wait for room in a channel.");
    }
}
