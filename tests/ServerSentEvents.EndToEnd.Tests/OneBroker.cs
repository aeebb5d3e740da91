using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>One broker for all tests of the cluster, because it takes some seconds to start.</summary>
[CollectionDefinition(nameof(OneBroker))]
public sealed class OneBroker : ICollectionFixture<SingleBroker>;

/// <summary>A broker of one node.</summary>
public sealed class SingleBroker() : LocalBroker(1), IAsyncLifetime;
