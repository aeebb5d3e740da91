using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// Makes the registered publisher when the application starts, so that a refused option stops the start and not the first request.
/// </summary>
/// <typeparam name="TPublisher">The type of the publisher.</typeparam>
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
