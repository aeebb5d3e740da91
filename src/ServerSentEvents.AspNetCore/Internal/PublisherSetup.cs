namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>What the call that registers a publisher says of its options: in a type of its own for each publisher.</summary>
internal sealed record PublisherSetup<TPublisher>(Action<PublisherOptions> Configure);
