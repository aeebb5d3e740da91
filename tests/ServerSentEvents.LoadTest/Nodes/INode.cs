namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>A node that shares a broker with other nodes. Publishes events, and receives the events of all nodes.</summary>
internal interface INode : IAsyncDisposable
{
    /// <summary>The received events of each client.</summary>
    IReadOnlyList<Inbox> Inboxes { get; }

    /// <summary>Publishes an event when fewer than <paramref name="inFlight"/> events are unconfirmed. For one caller.</summary>
    ValueTask PublishAsync(string data, int inFlight);

    /// <summary>Waits until all events are confirmed.</summary>
    Task FlushAsync();
}
