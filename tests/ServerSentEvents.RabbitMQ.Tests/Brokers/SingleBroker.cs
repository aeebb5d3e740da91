namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>A broker of one node, for one class of tests after the other.</summary>
public sealed class SingleBroker() : PrivateBroker(1);
