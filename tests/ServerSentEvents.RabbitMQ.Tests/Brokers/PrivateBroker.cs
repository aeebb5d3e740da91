namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>A broker of the tests' own.</summary>
public abstract partial class PrivateBroker : LocalBroker, IAsyncLifetime
{
    protected PrivateBroker(int count)
        : base(count)
    {
    }
}
