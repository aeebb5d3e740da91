using ServerSentEvents.Backplane;
using ServerSentEvents.LoadTest.Nodes.Brokers;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>A node with the backplane. Its clients are subscriptions that are copied to streams in the same process.</summary>
internal sealed class BackplaneNode : INode
{
    private const int HistoryCapacity = 1000;

    /// <summary>The events in flight. The next place has the oldest event.</summary>
    private readonly Task[] _sent = [.. Enumerable.Repeat(Task.CompletedTask, Scenario.MostInFlight)];
    private readonly Publisher _publisher;
    private readonly StreamBackplane<object?> _backplane;
    private int _place;

    private BackplaneNode(StreamBackplane<object?> backplane, Publisher publisher, IReadOnlyList<Inbox> inboxes)
    {
        (_backplane, _publisher, Inboxes) = (backplane, publisher, inboxes);
        foreach (var inbox in inboxes)
            _ = CopyAsync(publisher.Subscribe(), inbox);
    }

    public IReadOnlyList<Inbox> Inboxes { get; }

    internal static async Task<INode> ConnectAsync(Broker broker, int port, string stream, IReadOnlyList<Inbox> inboxes)
    {
        var publisher = new Publisher(new PublisherOptions
        {
            HistoryCapacity = HistoryCapacity,
            QueueCapacity = int.MaxValue,
            QueueCapacityBytes = long.MaxValue,
        });
        return new BackplaneNode(await broker.ConnectAsync(publisher, port, stream), publisher, inboxes);
    }

    public async ValueTask PublishAsync(string data, int inFlight)
    {
        _place = (_place + 1) % inFlight;
        await _sent[_place];
        _sent[_place] = _backplane.PublishAsync(data).AsTask();
    }

    public Task FlushAsync() => Task.WhenAll(_sent);

    public async ValueTask DisposeAsync()
    {
        await _backplane.DisposeAsync();
        _publisher.Dispose();
    }

    private static async Task CopyAsync(Subscription<object?> subscription, Inbox inbox)
    {
        try
        {
            var stream = new ClientStream(inbox);
            await using (stream)
                await subscription.CopyToAsync(stream);
            inbox.Fail(new InvalidOperationException($"The subscription has ended: {subscription.EndReason}."));
        }
        catch (Exception exception)
        {
            inbox.Fail(exception);
        }
    }
}
