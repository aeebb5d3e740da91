using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Whether this node is fit for clients. Once it has caught up it stays so: an outage of the broker is a pause for all nodes
/// alike, and none of them must be taken away for it.
/// </summary>
internal sealed class BackplaneHealthCheck<TProperties>(RabbitMQBackplane<TProperties> backplane) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult((backplane.IsCaughtUp, backplane.CaughtUp.IsCompleted) switch
        {
            (true, _) when backplane.Obstacle is { } obstacle => HealthCheckResult.Degraded($"Nothing can be published: {obstacle}."),
            (true, _) => HealthCheckResult.Healthy("This node reads the end of the stream."),
            (_, true) => HealthCheckResult.Degraded("The broker is away; this node goes on where it was when it is back."),
            _ => new HealthCheckResult(context.Registration.FailureStatus, "This node has not caught up with the stream yet."),
        });
}
