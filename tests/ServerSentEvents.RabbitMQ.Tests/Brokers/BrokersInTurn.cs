namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests that start brokers take turns: a machine is to have room for one, or one cluster.</summary>
[CollectionDefinition(nameof(BrokersInTurn))]
public sealed class BrokersInTurn;
