using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The broker that all tests of the cluster share, because a broker takes some seconds to start.</summary>
[CollectionDefinition(nameof(OneBroker))]
public sealed class OneBroker : ICollectionFixture<SingleBroker>;

/// <summary>A broker with one node.</summary>
public sealed class SingleBroker() : LocalBroker(1), IAsyncLifetime;
