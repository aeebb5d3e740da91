using ServerSentEvents.Redis.Tests.Servers;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests the contract of transports over a real server.</summary>
public sealed class RedisTransportContractTests(DurableServer fixture) : TransportContract, IClassFixture<DurableServer>
{
    protected override ITestBroker Broker => fixture.Server;
}

/// <summary>Tests the contract of backplanes over a real server.</summary>
public sealed class RedisBackplaneContractTests(DurableServer fixture) : BackplaneContract, IClassFixture<DurableServer>
{
    protected override ITestBroker Broker => fixture.Server;
}
