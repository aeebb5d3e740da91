using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests streams of an application with request timeouts.</summary>
public sealed class RequestTimeoutTests
{
    private static readonly TimeSpan ShortTimeout = TimeSpan.FromMilliseconds(10);

    [Fact]
    [Trait("Category", "Slow")]
    [Trait("Statement", "20")]
    public Task Response_WithRequestTimeouts_StaysOpenAfterTheTimeout() => Limits.RetryAsync(async () =>
    {
        var timedOut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddRequestTimeouts(timeouts =>
                    timeouts.DefaultPolicy = new RequestTimeoutPolicy { Timeout = TimeSpan.FromSeconds(10) });
            },
            app =>
            {
                app.UseRequestTimeouts();
                app.MapServerSentEvents("/events");
                app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
                app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
                // The endpoint has no metadata, so the response must disable the timeout itself.
                app.MapGet("/late", (HttpContext context, Publisher publisher) => publisher.Subscribe().ToResult().ExecuteAsync(context));
                app.MapGet("/other", async (CancellationToken aborted) =>
                {
                    using var registration = aborted.Register(timedOut.SetResult);
                    await timedOut.Task;
                    aborted.ThrowIfCancellationRequested();
                });
            });
        // A busy machine can need more than the timeout before a response begins. The test is then repeated.
        using var mapped = await app.OpenAsync("/events");
        using var result = await app.OpenAsync("/result");
        using var subscription = await app.OpenAsync("/subscription");
        using var late = await app.OpenAsync("/late");

        // This request starts after the streams and times out before the next event.
        using var other = await app.NewClient().GetAsync("/other").WaitAsync(Limits.Patience);
        other.StatusCode.Should().Be(HttpStatusCode.GatewayTimeout);
        app.Publisher.Publish("hello").Should().Be(4);

        foreach (var client in new[] { mapped, result, subscription, late })
            (await client.NextDataAsync()).Should().Be("hello");
    });

    [Fact]
    [Trait("Statement", "20")]
    public async Task Response_HandlerIsSlowerThanTheRequestTimeout_Is504()
    {
        await using var app = await StartWithTimeoutAsync(app => app.MapGet("/events", async (HttpContext context, Publisher publisher) =>
        {
            await UntilCanceledAsync(context.RequestAborted);
            return publisher.ToResult(new());
        }));

        using var response = await app.NewClient().GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);

        response.StatusCode.Should().Be(HttpStatusCode.GatewayTimeout);
        response.Content.Headers.ContentType.Should().BeNull();
        app.Publisher.GetAllSubscribers().Should().BeEmpty();
    }

    [Fact]
    [Trait("Statement", "20")]
    public async Task MapServerSentEvents_FunctionIsSlowerThanTheRequestTimeout_SendsTheStream()
    {
        await using var app = await StartWithTimeoutAsync(app => app.MapServerSentEvents<object?>("/events", async context =>
        {
            // The middleware for request timeouts uses the system's clock.
            var watch = Stopwatch.StartNew();
            while (watch.Elapsed < 5 * ShortTimeout)
                await Task.Yield();
            context.RequestAborted.IsCancellationRequested.Should().BeFalse();
            return new SubscribeOptions<object?>();
        }));

        using var client = await app.OpenAsync();

        app.Publisher.Publish("hello").Should().Be(1);
        (await client.NextDataAsync()).Should().Be("hello");
    }

    [Fact]
    [Trait("Statement", "20")]
    public async Task Response_ServerHasATimeout_DisablesIt()
    {
        using var publisher = new Publisher();
        publisher.Drain();
        var timeout = new Timeout();
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().BuildServiceProvider() };
        context.Features.Set<IHttpRequestTimeoutFeature>(timeout);

        await publisher.Subscribe().ToResult().ExecuteAsync(context).WaitAsync(Limits.Patience);

        timeout.IsDisabled.Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Execute_TokenIsCanceledBeforeTheStart_ThrowsOnlyForTheMiddlewareOfTimeouts(bool hasTimeout)
    {
        // The start of this response ignores the token, as those of IIS, HTTP.sys and TestServer do.
        using var publisher = new Publisher();
        var context = new DefaultHttpContext
        {
            RequestServices = new ServiceCollection().BuildServiceProvider(),
            RequestAborted = new CancellationToken(canceled: true),
        };
        if (hasTimeout)
            context.Features.Set<IHttpRequestTimeoutFeature>(new Timeout());

        var execute = () => publisher.Subscribe().ToResult().ExecuteAsync(context).WaitAsync(Limits.Patience);

        if (hasTimeout)
            await execute.Should().ThrowAsync<OperationCanceledException>();
        else
            await execute.Should().NotThrowAsync();
        context.Response.ContentType.Should().BeNull();
        publisher.GetAllSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task MapServerSentEvents_EndpointHasATimeoutOfTheApplication_KeepsIt()
    {
        await using var app = await StartWithTimeoutAsync(app => app.MapServerSentEvents<object?>("/events", async context =>
        {
            await UntilCanceledAsync(context.RequestAborted);
            return new SubscribeOptions<object?>();
        }).WithRequestTimeout(ShortTimeout));

        using var response = await app.NewClient().GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);

        response.StatusCode.Should().Be(HttpStatusCode.GatewayTimeout);
    }

    private static async Task UntilCanceledAsync(CancellationToken cancellationToken)
    {
        var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(canceled.SetResult);
        await canceled.Task.WaitAsync(Limits.Patience, CancellationToken.None);
    }

    private static Task<TestApplication> StartWithTimeoutAsync(Action<WebApplication> map) => TestApplication.StartAsync(
        builder =>
        {
            builder.Services.AddServerSentEvents();
            builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new RequestTimeoutPolicy { Timeout = ShortTimeout });
        },
        app =>
        {
            app.UseRequestTimeouts();
            map(app);
        });

    private sealed class Timeout : IHttpRequestTimeoutFeature
    {
        public CancellationToken RequestTimeoutToken => default;

        internal bool IsDisabled { get; private set; }

        public void DisableTimeout() => IsDisabled = true;
    }
}
