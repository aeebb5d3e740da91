using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests services that publish before the server listens and while it stops.</summary>
public sealed class HostedServiceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_ByAServiceThatStartsAndStops_ReachesClientsAndNeverThrows(bool isConcurrent)
    {
        await using var app = await TestApplication.StartAsync(builder =>
        {
            builder.Services.Configure<HostOptions>(options =>
                (options.ServicesStartConcurrently, options.ServicesStopConcurrently) = (isConcurrent, isConcurrent));
            // The clock stands still, so that no client is cut off on a busy machine.
            builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider());
            builder.Services.AddServerSentEvents(options => options.HistoryCapacity = 10);
            builder.Services.AddSingleton<Announcer>().AddHostedService(provider => provider.GetRequiredService<Announcer>());
        });
        var http = app.NewClient();
        http.DefaultRequestHeaders.Add("Last-Event-ID", "before");
        using var client = await LineClient.OpenAsync(http, "/events");
        (await client.NextDataAsync()).Should().Be("started");

        await app.StopAsync();

        (await client.RestAsync()).Should().NotContain("stopped", "the streams end before the services stop");
        app.Services.GetRequiredService<Announcer>().IsStopped.Should().BeTrue("no call has thrown");
        app.Publisher.GetAllSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Publish_ByAServiceWhileTheHostStops_EndsEveryStreamAndNeverThrows()
    {
        const int clientCount = 20;
        await using var app = await TestApplication.StartAsync(builder =>
        {
            // The clock stands still, so that no client is cut off on a busy machine.
            builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider());
            builder.Services.AddServerSentEvents(options => options.QueueOverflow = QueueOverflow.DropOldest);
            builder.Services.AddSingleton<Ticker>().AddHostedService(provider => provider.GetRequiredService<Ticker>());
        });
        var clients = await Task.WhenAll(Enumerable.Range(0, clientCount).Select(_ => app.OpenAsync()));
        foreach (var client in clients)
            await client.NextDataAsync();

        var stop = app.StopAsync();

        await Task.WhenAll(clients.Select(client => client.RestAsync()));
        await stop;
        app.Services.GetRequiredService<Ticker>().ExecuteTask!.IsCompletedSuccessfully.Should().BeTrue("no call has thrown");
        app.Publisher.GetAllSubscribers().Should().BeEmpty();
        Array.ForEach(clients, client => client.Dispose());
    }

    /// <summary>Publishes from the start until the end of the stop.</summary>
    private sealed class Ticker(Publisher publisher) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                publisher.Publish("tick");
                await Task.Yield();
            }
        }
    }

    private sealed class Announcer(Publisher publisher) : IHostedService
    {
        internal bool IsStopped { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            publisher.Publish("before the start", eventId: "before").Should().Be(0);
            publisher.Publish("started").Should().Be(0);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            publisher.Publish("stopped");
            IsStopped = true;
            return Task.CompletedTask;
        }
    }
}
