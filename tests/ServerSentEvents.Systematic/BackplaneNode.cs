using System.Net.ServerSentEvents;
using Microsoft.Coyote.Runtime;
using ServerSentEvents.Backplane;
using ServerSentEvents.Systematic.Exploration;

namespace ServerSentEvents.Systematic;

/// <summary>A node of a scenario: a publisher and its backplane. The waits between connections end by themselves.</summary>
internal sealed class BackplaneNode : StreamBackplane<string>
{
    /// <summary>The data of the event that <see cref="ReadToEndAsync"/> waits for.</summary>
    internal const string End = "end";

    private BackplaneNode(Publisher<string> publisher, Options options, IStreamTransport transport)
        : base(publisher, options, transport) => (Publisher, Clock) = (publisher, (ScenarioClock)options.TimeProvider);

    internal Publisher<string> Publisher { get; }

    internal ScenarioClock Clock { get; }

    /// <summary>Starts a node, and waits until it has caught up. Coyote does not explore the start.</summary>
    internal static async Task<BackplaneNode> StartAsync(IStreamTransport transport, TimeSpan? publishTimeout = null)
    {
        SchedulingPoint.Suppress();
        var node = Create(transport, publishTimeout);
        node.Start();
        await node.StartWithinTimeoutAsync(CancellationToken.None);
        SchedulingPoint.Resume();
        return node;
    }

    /// <summary>Creates a node that has not started.</summary>
    internal static BackplaneNode Create(IStreamTransport transport, TimeSpan? publishTimeout = null, TimeSpan? readBack = null)
    {
        var clock = new ScenarioClock { LongestOwnDelay = TimeSpan.FromSeconds(2) };
        var publisher = new Publisher<string>(new PublisherOptions { TimeProvider = clock, HistoryCapacity = 100 });
        var options = new Options
        {
            TimeProvider = clock,
            PublishTimeout = publishTimeout ?? TimeSpan.FromDays(1),
            ReadBack = readBack,
            SubscriberKey = static name => name,
        };
        return new BackplaneNode(publisher, options, transport);
    }

    internal new void Start() => base.Start();

    internal Subscription<string> Subscribe(string name = "", string? lastEventId = null) =>
        Publisher.Subscribe(new SubscribeOptions<string> { Properties = name, LastEventId = lastEventId });

    internal Task PublishAsync(string data, CancellationToken cancellationToken = default) =>
        PublishAsync(new SseItem<string>(data), cancellationToken: cancellationToken).AsTask();

    /// <summary>Publishes a last event, and returns the data of all events before it that a subscription has got.</summary>
    internal async Task<List<string>> ReadToEndAsync(Subscription<string> subscription)
    {
        await PublishAsync(End);
        var data = new List<string>();
        var items = subscription.AsItems().GetAsyncEnumerator();
        while (await items.MoveNextAsync() && items.Current.Data != End)
            data.Add(items.Current.Data);
        subscription.EndReason.Should().BeNull("the subscription has got the last event");
        await items.DisposeAsync();
        return data;
    }

    /// <summary>Returns the data of all events of a subscription up to its end.</summary>
    internal static async Task<List<string>> ReadAsync(Subscription<string> subscription)
    {
        var data = new List<string>();
        var items = subscription.AsItems().GetAsyncEnumerator();
        while (await items.MoveNextAsync())
            data.Add(items.Current.Data);
        await items.DisposeAsync();
        return data;
    }

    private sealed class Options : BackplaneOptions<string>;
}
