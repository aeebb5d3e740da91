using ServerSentEvents.RabbitMQ.Tests.Brokers;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>One broker for all tests of the cluster, since it takes some seconds to start.</summary>
[CollectionDefinition(nameof(OneBroker))]
public sealed class OneBroker : ICollectionFixture<SingleBroker>;
