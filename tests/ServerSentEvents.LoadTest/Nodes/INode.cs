namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>One node of several that share a broker: it publishes, and receives what all publish.</summary>
internal interface INode : IAsyncDisposable
{
    /// <summary>What each of its clients has received.</summary>
    IReadOnlyList<Inbox> Inboxes { get; }

    /// <summary>Publishes, as soon as fewer than so many are in flight. For one caller.</summary>
    ValueTask PublishAsync(string data, int inFlight);

    /// <summary>Waits until nothing is in flight.</summary>
    Task FlushAsync();
}
