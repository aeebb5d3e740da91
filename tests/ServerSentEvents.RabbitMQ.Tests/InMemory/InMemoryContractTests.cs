using ServerSentEvents.RabbitMQ.Tests.Contract;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>The contract without a broker.</summary>
public sealed class InMemoryContractTests : BackplaneContract
{
    private readonly InMemoryBroker _broker = new();

    private protected override ITestBroker Broker => _broker;
}
