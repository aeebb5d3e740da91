using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The hosted service that creates the registered publisher at the start, so that a refused option stops the application.
/// </summary>
internal sealed class PublisherStart<TPublisher>(IServiceProvider services) : IHostedService
    where TPublisher : class
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        services.GetRequiredService<TPublisher>();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
