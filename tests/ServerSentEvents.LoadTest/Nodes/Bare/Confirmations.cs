namespace ServerSentEvents.LoadTest.Nodes.Bare;

/// <summary>The confirmations of a broker. One publisher waits for them.</summary>
internal sealed class Confirmations
{
    private readonly Lock _gate = new();

    /// <summary>Confirmed numbers that come after an unconfirmed number. Guarded by <see cref="_gate"/>.</summary>
    private readonly SortedSet<ulong> _early = [];

    /// <summary>The last number before the first unconfirmed number. Guarded by <see cref="_gate"/>.</summary>
    private ulong _confirmed;

    /// <summary>The number that the publisher waits for. Guarded by <see cref="_gate"/>.</summary>
    private ulong _awaited;

    /// <summary>The wait of the publisher. Guarded by <see cref="_gate"/>.</summary>
    private TaskCompletionSource? _waiting;

    /// <summary>The reason why there are no more confirmations. Guarded by <see cref="_gate"/>.</summary>
    private Exception? _failure;

    /// <summary>Waits until all numbers up to a number are confirmed.</summary>
    internal Task ReachedAsync(ulong number)
    {
        lock (_gate)
        {
            if (_failure is not null)
                return Task.FromException(_failure);
            if (_confirmed >= number)
                return Task.CompletedTask;
            _awaited = number;
            _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task;
        }
    }

    /// <summary>Confirms a number, and with <paramref name="all"/> all numbers before it.</summary>
    internal void Confirm(ulong number, bool all)
    {
        lock (_gate)
        {
            if (all)
            {
                _confirmed = Math.Max(_confirmed, number);
                _early.RemoveWhere(each => each <= number);
            }
            else
            {
                _early.Add(number);
            }

            while (_early.Remove(_confirmed + 1))
                _confirmed++;
            if (_confirmed >= _awaited)
                _waiting?.TrySetResult();
        }
    }

    internal void Fail(Exception exception)
    {
        lock (_gate)
        {
            _failure = exception;
            _waiting?.TrySetException(exception);
        }
    }
}
