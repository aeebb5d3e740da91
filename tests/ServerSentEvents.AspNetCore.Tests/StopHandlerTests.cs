using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests handlers of <see cref="Publisher{TProperties}.Unsubscribed"/> that run while an application stops.</summary>
public sealed class StopHandlerTests
{
    [Fact]
    public async Task Stop_HandlersWaitForOtherStreams_AllStreamsEndAtOnce()
    {
        using var own = new Publisher();
        await using var app = await StartWithThreePublishersAsync(own);
        var clients = await Task.WhenAll(app.OpenAsync("/plain"), app.OpenAsync("/typed"), app.OpenAsync("/own"), app.OpenAsync("/own"));
        var ended = Task.WhenAll(clients.Select(client => client.RestAsync()));
        app.Publisher.Unsubscribed += (_, _) => ended.Wait(Limits.Patience);
        app.Services.GetRequiredService<Publisher<string>>().Unsubscribed += (_, _) => ended.Wait(Limits.Patience);
        own.Unsubscribed += (_, _) => ended.Wait(Limits.Patience);

        await app.StopAsync();

        ended.IsCompletedSuccessfully.Should().BeTrue("no stream waits for the handlers of another one");
        app.Log.AboveDebug.Where(entry => entry.Id != 6).Should().BeEmpty("no client was cut off, and nothing failed");
        Array.ForEach(clients, client => client.Dispose());
    }

    [Theory]
    [InlineData("/plain")]
    [InlineData("/own")]
    public async Task Stop_HandlerNeverReturns_HostStops(string path)
    {
        using var own = new Publisher();
        await using var app = await StartWithThreePublishersAsync(own);
        var released = new TaskCompletionSource();
        app.Publisher.Unsubscribed += (_, _) => released.Task.Wait(Limits.Patience);
        own.Unsubscribed += (_, _) => released.Task.Wait(Limits.Patience);
        using var client = await app.OpenAsync(path);
        try
        {
            (await app.StopAndTimeAsync()).Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);
        }
        finally
        {
            released.SetResult();
        }
    }

    [Fact]
    public Task Stop_HandlerOfAnOwnPublisherIsShort_HasReturnedBeforeOtherServicesStop() => Limits.RetryAsync(async () =>
    {
        using var own = new Publisher();
        var hasReturned = false;
        own.Unsubscribed += (_, _) =>
        {
            Thread.Sleep(100);
            Volatile.Write(ref hasReturned, true);
        };
        bool? hadReturned = null;
        await using var app = await TestApplication.StartAsync(
            builder => SetClock(builder).AddHostedService(_ => new StoppingService(() => hadReturned = Volatile.Read(ref hasReturned))),
            app => app.MapGet("/events", () => own.Subscribe().ToResult()));
        using var client = await app.OpenAsync();

        await app.StopAsync();

        hadReturned.Should().BeTrue();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_HandlerTakesLongerThanTheStopOfOtherServices_HasReturnedWhenTheHostHasStopped(bool isRegistered)
    {
        using var own = new Publisher();
        var stopping = new TaskCompletionSource();
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                SetClock(builder).AddHostedService(_ => new StoppingService(stopping.SetResult));
                if (isRegistered)
                    builder.Services.AddSingleton(own).AddServerSentEvents();
            },
            app => app.MapServerSentEvents<object?>("/events", own, _ => new(new SubscribeOptions<object?>())));
        var hasReturned = false;
        own.Unsubscribed += (_, _) =>
        {
            stopping.Task.Wait(Limits.Patience);
            Volatile.Write(ref hasReturned, true);
        };
        using var client = await app.OpenAsync();

        (await app.StopAndTimeAsync()).Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);

        Volatile.Read(ref hasReturned).Should().BeTrue();
    }

    [Fact]
    public async Task Stop_UnsubscribedHandlersThrow_LogsTheExceptionsAndEndsAllStreams()
    {
        using var own = new Publisher();
        await using var app = await StartWithThreePublishersAsync(own);
        app.Publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("Sorry.");
        own.Unsubscribed += (_, _) => throw new InvalidOperationException("Sorry.");
        var clients = new List<LineClient>();
        foreach (var path in new[] { "/plain", "/typed", "/own", "/own", "/plain" })
            clients.Add(await app.OpenAsync(path));

        await app.StopAsync();

        foreach (var client in clients)
            (await client.RestAsync()).Should().BeEmpty();
        app.Log.AboveDebug.Where(entry => entry.Level == LogLevel.Error).Should().HaveCount(3, "one publisher and two streams have failed")
            .And.OnlyContain(entry => entry.Id == 8 && entry.Exception is AggregateException);
    }

    /// <summary>Starts an application with a plain, a typed and an own publisher.</summary>
    private static Task<TestApplication> StartWithThreePublishersAsync(Publisher own) => TestApplication.StartAsync(
        builder => SetClock(builder).AddServerSentEvents().AddServerSentEvents<string>(),
        app =>
        {
            app.MapServerSentEvents("/plain");
            app.MapServerSentEvents<string>("/typed", _ => new SubscribeOptions<string>());
            app.MapGet("/own", () => own.Subscribe().ToResult());
        });

    /// <summary>Sets a clock that stands still, so that no client is cut off on a busy machine.</summary>
    private static IServiceCollection SetClock(WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider());

    /// <summary>A service that tells when the host stops its services.</summary>
    private sealed class StoppingService(Action stopping) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            stopping();
            return Task.CompletedTask;
        }
    }
}
