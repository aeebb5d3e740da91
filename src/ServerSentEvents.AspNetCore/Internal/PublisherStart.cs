using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The hosted service that creates the registered publisher at the start, so that a refused option stops the application.
/// </summary>
internal sealed class PublisherStart<TPublisher>(IServiceProvider services) : IHostedService
    where TPublisher : class
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The application can have removed the registration, or replaced it by a scoped one.
        var scope = services.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
            scope.ServiceProvider.GetService<TPublisher>();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
