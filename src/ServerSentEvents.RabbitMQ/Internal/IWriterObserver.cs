namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Hears what the broker says to one who writes.</summary>
internal interface IWriterObserver
{
    /// <summary>A quorum of replicas has the message of that number; with <paramref name="all"/>, also those before it.</summary>
    void Confirmed(ulong number, bool all);

    /// <summary>The broker has begun or ceased to block, or the connection is lost.</summary>
    void Changed();
}
