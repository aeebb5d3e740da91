using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.Backplane.Internal.Hosting;

/// <summary>
/// Starts a publisher with the application. An application also starts without a broker: its health check then says what is
/// missing.
/// </summary>
internal sealed class BackplaneService(StreamPublisher publisher) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => publisher.StartWithinTimeoutAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => publisher.DisposeAsync().AsTask().WaitAsync(cancellationToken);
}

/// <summary>Reports the state of a publisher.</summary>
internal sealed class BackplaneHealthCheck(StreamPublisher publisher) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(publisher.CheckHealth(context.Registration.FailureStatus));
}
