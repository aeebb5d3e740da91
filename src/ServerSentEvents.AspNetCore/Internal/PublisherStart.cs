using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The hosted service that creates the registered publisher at the start, so that a refused option stops the application. The
/// publisher is drained when the application stops.
/// </summary>
internal sealed class PublisherStart<TPublisher, TProperties>(IServiceProvider services) : IHostedService
    where TPublisher : Publisher<TProperties>
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The application can have removed the registration, or replaced it by a scoped one.
        var scope = services.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            if (scope.ServiceProvider.GetService<TPublisher>() is { } publisher)
                OpenStreams.Of(services)?.DrainAtStop(publisher);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
