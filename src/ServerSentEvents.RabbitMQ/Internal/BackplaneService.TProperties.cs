using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Starts the backplane with the application, before it takes requests where that does not take too long: without a broker
/// an application still starts, and its health check says what is missing.
/// </summary>
internal sealed class BackplaneService<TProperties>(RabbitMQBackplane<TProperties> backplane) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => backplane.StartPatientlyAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => backplane.DisposeAsync().AsTask().WaitAsync(cancellationToken);
}
