using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.Contract;

/// <summary>A broker that a test can do to what happens to brokers.</summary>
internal interface ITestBroker
{
    /// <summary>A way to the stream of that name.</summary>
    IStreamTransport Open(string stream);

    Task StopAsync();

    Task StartAsync();

    Task DeleteAsync(string stream);
}
