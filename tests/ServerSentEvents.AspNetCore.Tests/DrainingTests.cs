using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests requests to an application that stops. After an error, a browser would never reconnect.</summary>
public sealed class DrainingTests
{
    /// <summary>The task that holds the stop of the host until it completes.</summary>
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Theory]
    [InlineData("1.1", null, "retry: 3000\n")]
    [InlineData("1.1", 5, "retry: 5000\n")]
    [InlineData("2.0", 5, "retry: 5000\n")]
    public async Task Draining_RequestOnAnOpenConnection_GetsARetry(string version, int? seconds, string expected)
    {
        await using var app = await StartAsync(seconds);
        var http = app.NewClient(Version.Parse(version));
        (await http.GetStringAsync(new Uri("/ping", UriKind.Relative))).Should().Be("pong");

        var stopping = await BeginToStopAsync(app);
        foreach (var path in new[] { "/events", "/events", "/both" })
        {
            using var client = await LineClient.OpenAsync(http, path);
            (await client.RestAsync()).Should().Be(expected);
        }

        _goOn.SetResult();
        await stopping;
        app.Log.AboveDebug.Where(entry => entry.Id != 6).Should().BeEmpty();
    }

    [Fact]
    public async Task Draining_NewConnection_GetsARetry()
    {
        await using var app = await StartAsync(seconds: 5);

        var stopping = await BeginToStopAsync(app);
        using var client = await app.OpenAsync();

        (await client.RestAsync()).Should().Be("retry: 5000\n");
        _goOn.SetResult();
        await stopping;
    }

    [Fact]
    public async Task Draining_RequestThatCameBefore_GetsARetry()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await StartAsync(seconds: 5, app => app.MapServerSentEvents<object?>("/slow", async _ =>
        {
            asked.SetResult();
            await answer.Task;
            return new SubscribeOptions<object?>();
        }));
        var opening = app.OpenAsync("/slow");
        await asked.Task.WaitAsync(Limits.Patience);

        var stopping = await BeginToStopAsync(app);
        answer.SetResult();
        using var client = await opening;

        (await client.RestAsync()).Should().Be("retry: 5000\n");
        _goOn.SetResult();
        await stopping;
    }

    [Theory]
    [InlineData("/mapped", "retry: 3000\n")]
    [InlineData("/result", "retry: 3000\n")]
    [InlineData("/subscription", "")]
    public async Task Draining_PublisherThatIsNotRegistered_IsDrainedIfMappedOrUsedByItsResult(string path, string expected)
    {
        using var mapped = new Publisher();
        using var used = new Publisher();
        using var other = new Publisher();
        await using var app = await StartAsync(seconds: 5, app =>
        {
            app.MapServerSentEvents("/mapped", mapped);
            app.MapGet("/result", () => used.ToResult(new()));
            app.MapGet("/subscription", () => other.Subscribe().ToResult());
        });

        var stopping = await BeginToStopAsync(app);
        using var client = await app.OpenAsync(path);

        (await client.RestAsync()).Should().Be(expected);
        _goOn.SetResult();
        await stopping;
    }

    [Theory]
    [InlineData("/mapped")]
    [InlineData("/result")]
    public async Task Stop_OwnPublisherWithoutAnOpenStream_IsDrained(string path)
    {
        using var own = new Publisher();
        await using var app = await StartAsync(seconds: null, app =>
        {
            if (path == "/mapped")
                app.MapServerSentEvents(path, own);
            else
                app.MapGet(path, () => own.ToResult(new()));
        });
        if (path == "/result")
        {
            (await app.OpenAsync(path)).Dispose();
            await Limits.UntilAsync(() => own.GetSubscribers().Count == 0);
        }

        _goOn.SetResult();
        await app.StopAsync();

        own.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Draining_PublisherThatIsFirstAskedForDuringTheStop_IsDrainedToo()
    {
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider()).AddServerSentEvents().AddServerSentEvents<string>(),
            app =>
            {
                HoldStop(app);
                app.MapServerSentEvents("/events");
                app.MapGet("/late", (Publisher<string> publisher) => publisher.Subscribe().ToResult());
            });

        var stopping = await BeginToStopAsync(app);
        using var client = await app.OpenAsync("/late");

        (await client.RestAsync()).Should().Be("retry: 3000\n");
        _goOn.SetResult();
        await stopping;
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Disposed_Publisher_AnswersWithARetry(string version)
    {
        await using var app = await TestApplication.StartAsync();
        app.Publisher.Dispose();

        using var client = await app.OpenAsync(version: Version.Parse(version));

        (await client.RestAsync()).Should().Be("retry: 3000\n");
        client.Response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
    }

    [Fact]
    public async Task Drained_PublisherOfARunningApplication_AnswersAndServesOthers()
    {
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddServerSentEvents().AddServerSentEvents<string>(),
            app =>
            {
                app.MapServerSentEvents("/events");
                app.MapServerSentEvents<string>("/typed", _ => new SubscribeOptions<string>());
            });
        app.Publisher.Drain();

        using var late = await app.OpenAsync();
        using var typed = await app.OpenAsync("/typed");

        (await late.RestAsync()).Should().Be("retry: 3000\n");
        app.Services.GetRequiredService<Publisher<string>>().Publish("hello").Should().Be(1);
    }

    /// <summary>Starts an application whose clock stands still, so that no client is cut off on a busy machine.</summary>
    private Task<TestApplication> StartAsync(int? seconds, Action<WebApplication>? map = null) => TestApplication.StartAsync(
        builder => builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider()).AddServerSentEvents(
            options => options.ReconnectionInterval = seconds is { } value ? TimeSpan.FromSeconds(value) : null),
        app =>
        {
            HoldStop(app);
            app.MapServerSentEvents("/events");
            app.MapGet("/both", (Publisher publisher) => publisher.Subscribe().ToResult());
            app.MapGet("/ping", () => "pong");
            map?.Invoke(app);
        });

    /// <summary>Holds the stop. The callback that is registered first is called last: after the streams end, before the server stops.</summary>
    private void HoldStop(WebApplication app) => app.Lifetime.ApplicationStopping.Register(() => _goOn.Task.Wait(Limits.Patience));

    /// <summary>Begins to stop. When the streams end, returns the task of the whole stop.</summary>
    private static async Task<Task> BeginToStopAsync(TestApplication app)
    {
        var stopping = Task.Run(app.StopAsync);
        await Limits.UntilAsync(() => app.Services.GetRequiredService<Publisher>().Subscribe().EndReason is not null);
        return stopping;
    }
}
