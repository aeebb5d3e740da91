using System.Net.ServerSentEvents;

namespace ServerSentEvents.Benchmarks;

/// <summary>A publisher with subscribers that read only in <see cref="Drain"/>, and never wait.</summary>
internal sealed class Audience : IDisposable
{
    private readonly (Subscription<string> Subscription, IAsyncEnumerator<string> Reader)[] _readers;

    internal Audience(
        int subscribers,
        int queueCapacity,
        Func<SseItem<string>, string?>? keyFunction = null,
        QueueOverflow overflow = QueueOverflow.Disconnect,
        SseItem<string>? gapEvent = null)
    {
        var options = new SubscribeOptions<string> { Properties = "an event of their own", ConflationKey = keyFunction };
        Publisher = new Publisher<string>(new PublisherOptions
        {
            QueueCapacity = queueCapacity,
            QueueCapacityBytes = long.MaxValue,
            QueueOverflow = overflow,
            GapEvent = gapEvent,
        });
        _readers = new (Subscription<string>, IAsyncEnumerator<string>)[subscribers];
        for (var i = 0; i < subscribers; i++)
            _readers[i].Subscription = Publisher.Subscribe(options);

        // After all subscriptions, so that the objects of a publish lie as close together as the channels of the bare loop.
        for (var i = 0; i < subscribers; i++)
            _readers[i].Reader = _readers[i].Subscription.GetAsyncEnumerator();
    }

    internal Publisher<string> Publisher { get; }

    internal void Drain()
    {
        foreach (var (subscription, reader) in _readers)
        {
            if (subscription.EndReason is not null)
                throw new InvalidOperationException("A subscription has ended.");
            for (var queued = subscription.QueuedEvents; queued > 0; queued--)
            {
                var moved = reader.MoveNextAsync();
                if (!moved.IsCompleted || !moved.Result)
                    throw new InvalidOperationException("A queued event was not read.");
            }
        }
    }

    public void Dispose() => Publisher.Dispose();
}
