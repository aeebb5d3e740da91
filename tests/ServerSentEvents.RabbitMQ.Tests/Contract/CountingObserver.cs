using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.Contract;

/// <summary>Waits for a number of confirmations.</summary>
internal sealed class CountingObserver(int count) : IWriterObserver
{
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<ulong> _confirmed = [];
    private ulong _through;

    internal Task AllConfirmed => _all.Task;

    public void Confirmed(ulong number, bool all)
    {
        if (all)
            _through = Math.Max(_through, number);
        _confirmed.Add(number);
        if (Enumerable.Range(1, count).All(each => (ulong)each <= _through || _confirmed.Contains((ulong)each)))
            _all.TrySetResult();
    }

    public void Changed()
    {
    }
}
