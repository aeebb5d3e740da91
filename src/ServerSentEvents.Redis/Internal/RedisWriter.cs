using ServerSentEvents.Backplane;

namespace ServerSentEvents.Redis.Internal;

/// <summary>A connection that appends.</summary>
/// <remarks>
/// One message at a time is on its way. If there were several, Redis could refuse one because its memory is full and take the next one,
/// and the order would change. While a message is on its way, events gather for the next one, so that throughput stays high.
/// </remarks>
internal sealed class RedisWriter : IStreamWriter
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly RedisStream _stream;
    private readonly IStreamWriterObserver _observer;
    private readonly int _replicas;

    /// <summary>The time for which a refused message is sent again. Afterwards no caller waits for it anymore.</summary>
    private readonly TimeSpan _retryTimeout;

    private readonly Task _pinging;

    /// <summary>The number of the last message. Guarded by <see cref="_gate"/>.</summary>
    private long _number;

    /// <summary>True when later confirmations do not count. Guarded by <see cref="_gate"/>.</summary>
    private bool _isOver;

    private volatile string? _blocked;

    internal RedisWriter(RedisStream stream, IStreamWriterObserver observer, RedisSettings settings)
    {
        (_stream, _observer, _replicas) = (stream, observer, settings.WaitForReplicas);
        // PublishTimeout can be up to a tenth longer. The rest is a margin.
        _retryTimeout = settings.PublishTimeout * 1.2;
        _pinging = PingAsync(_stopping.Token);
    }

    public Task<Exception> Lost => _stream.Connection.Lost;

    public string? Blocked => _blocked;

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await AppendAsync(message, cancellationToken).ConfigureAwait(false);
        await ReplicateAsync(cancellationToken).ConfigureAwait(false);
        SetBlocked(null);
        lock (_gate)
        {
            if (!_isOver)
                _observer.Confirmed(++_number, all: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _isOver = true;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _pinging.ConfigureAwait(false);
        await _stream.Connection.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>
    /// Appends a message, and tries again while Redis takes no writes. Gives up after the timeout of the callers, so that the
    /// message is not published long after they got an exception.
    /// </summary>
    private async Task AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await _stream.AppendAsync(message, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception exception)
                when (RedisErrors.IsBlocked(exception) && TimeProvider.System.GetElapsedTime(start) < _retryTimeout)
            {
                SetBlocked(exception.Message);
            }

            await Task.Delay(RetryInterval, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until enough replicas have the message.</summary>
    private async Task ReplicateAsync(CancellationToken cancellationToken)
    {
        while (_replicas > 0)
        {
            var count = await _stream.WaitAsync(_replicas, _stream.Connection.LongestWait, cancellationToken).ConfigureAwait(false);
            if (count >= _replicas)
                return;
            SetBlocked($"{count} of {_replicas} replicas have the last event");
        }
    }

    private void SetBlocked(string? reason)
    {
        if (string.Equals(_blocked, reason, StringComparison.Ordinal))
            return;
        _blocked = reason;
        _observer.Changed();
    }

    /// <summary>Pings Redis, so that a silent network is noticed even if nothing is published.</summary>
    private async Task PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!Lost.IsCompleted)
            {
                await Task.WhenAny(Lost, Task.Delay(PingInterval, TimeProvider.System, cancellationToken)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (!Lost.IsCompleted)
                    await _stream.PingAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            _stream.Connection.Lose(exception);
        }

        _observer.Changed();
    }
}
