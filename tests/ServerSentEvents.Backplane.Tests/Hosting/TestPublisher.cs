using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents.Backplane.Internal.Hosting;

namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>The options of a publisher over any transport.</summary>
internal sealed class TestPublisherOptions : StreamPublisherOptions;

/// <summary>A publisher over any transport, in a process without subscribers.</summary>
internal sealed class TestPublisher(TestPublisherOptions options, IStreamTransport transport) : StreamPublisher(options, transport)
{
    internal new Task ConnectAsync(CancellationToken cancellationToken = default) => base.ConnectAsync(cancellationToken);

    internal new void Start() => base.Start();
}

/// <summary>Asks for the state of a publisher, as an application does.</summary>
internal static class HealthState
{
    internal static async Task<HealthCheckResult> CheckAsync(this StreamPublisher publisher)
    {
        var check = new BackplaneHealthCheck(publisher);
        return await check.CheckHealthAsync(new HealthCheckContext
        {
            Registration = new HealthCheckRegistration("backplane", check, HealthStatus.Unhealthy, tags: null),
        });
    }
}
