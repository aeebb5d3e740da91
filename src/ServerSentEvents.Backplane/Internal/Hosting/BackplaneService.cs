using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.Backplane.Internal.Hosting;

/// <summary>
/// A hosted service that starts a publisher before the hosted services of the application, and disposes it after they have stopped.
/// So all of them can publish. An application also starts without a broker: its health check then says what is missing.
/// </summary>
internal sealed class BackplaneService(StreamPublisher publisher) : IHostedLifecycleService
{
    private Task? _starting;

    public Task StartingAsync(CancellationToken cancellationToken) => StartAsync(cancellationToken);

    /// <summary>Starts the publisher if <see cref="StartingAsync"/> has not: the obsolete <c>WebHost</c> calls this method alone.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => _starting ??= publisher.StartWithinTimeoutAsync(cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => publisher.DisposeAsync().AsTask().WaitAsync(cancellationToken);
}

/// <summary>The health check of a publisher.</summary>
internal sealed class BackplaneHealthCheck(StreamPublisher publisher) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(publisher.CheckHealth(context.Registration.FailureStatus));
}
