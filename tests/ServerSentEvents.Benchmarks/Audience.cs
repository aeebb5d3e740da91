namespace ServerSentEvents.Benchmarks;

/// <summary>A publisher with subscribers that read only when they are told to, and never wait.</summary>
internal sealed class Audience : IDisposable
{
    private readonly (Subscription<string> Subscription, IAsyncEnumerator<string> Reader)[] _readers;

    internal Audience(int subscribers, int queueCapacity)
    {
        Publisher = new Publisher<string>(new PublisherOptions { QueueCapacity = queueCapacity });
        _readers = new (Subscription<string>, IAsyncEnumerator<string>)[subscribers];
        for (var i = 0; i < subscribers; i++)
            _readers[i].Subscription = Publisher.Subscribe(properties: "an event of their own");

        // Behind all subscriptions, so that what publishing walks lies as close as what the bare loop walks.
        for (var i = 0; i < subscribers; i++)
            _readers[i].Reader = _readers[i].Subscription.GetAsyncEnumerator();
    }

    internal Publisher<string> Publisher { get; }

    internal void Drain()
    {
        foreach (var (subscription, reader) in _readers)
        {
            for (var queued = subscription.QueuedEvents; queued > 0; queued--)
            {
                var moved = reader.MoveNextAsync();
                if (!moved.IsCompleted || !moved.Result)
                    throw new InvalidOperationException("A subscription has ended.");
            }
        }
    }

    public void Dispose() => Publisher.Dispose();
}
