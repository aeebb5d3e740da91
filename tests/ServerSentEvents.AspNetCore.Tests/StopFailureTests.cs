using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests that a connection that cannot be closed does not keep other streams from their end.</summary>
public sealed class StopFailureTests
{
    [Fact]
    public async Task Stop_RequestCloseThrows_IsLoggedAndEndsAllStreams()
    {
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider()).AddServerSentEvents(),
            app =>
            {
                app.Use((context, next) =>
                {
                    context.Features.Set<IConnectionLifetimeNotificationFeature>(new BrokenConnection());
                    return next(context);
                });
                app.UseRouting();
                app.MapServerSentEvents("/events");
            });
        using var first = await app.OpenAsync();
        using var second = await app.OpenAsync();
        app.Publisher.Publish("last").Should().Be(2);

        (await app.StopAndTimeAsync()).Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);

        (await first.RestAsync()).Should().Be("data: last\n\n");
        (await second.RestAsync()).Should().Be("data: last\n\n");
        app.Log.Ours.Where(entry => entry.Id == 8).Should().HaveCount(2)
            .And.OnlyContain(entry => entry.Exception is InvalidOperationException);
    }

    private sealed class BrokenConnection : IConnectionLifetimeNotificationFeature
    {
        public CancellationToken ConnectionClosedRequested { get; set; }

        public void RequestClose() => throw new InvalidOperationException("A callback has thrown.");
    }
}
