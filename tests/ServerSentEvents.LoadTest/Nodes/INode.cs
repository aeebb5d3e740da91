namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>One of several nodes that share a broker. It publishes, and receives the events of all nodes.</summary>
internal interface INode : IAsyncDisposable
{
    /// <summary>The received events of each client.</summary>
    IReadOnlyList<Inbox> Inboxes { get; }

    /// <summary>Publishes an event as soon as fewer than <paramref name="inFlight"/> are unconfirmed. For one caller.</summary>
    ValueTask PublishAsync(string data, int inFlight);

    /// <summary>Waits until all events are confirmed.</summary>
    Task FlushAsync();
}
