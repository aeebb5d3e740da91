using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpLogging;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests streams with middleware that caches, logs or replaces responses.</summary>
public sealed class MiddlewareTests
{
    private int _answers;

    /// <summary>Tests that code of a middleware runs with its request, and not on a thread that serves other streams.</summary>
    [Fact]
    public async Task OnStarting_CallbackReadsAnAsyncLocal_SeesThatOfItsRequest()
    {
        var local = new AsyncLocal<string>();
        string? seen = null;
        await using var app = await StartWithCallbackAsync(local, () => seen = local.Value);

        using var client = await app.OpenAsync();

        seen.Should().Be("request");
    }

    [Fact]
    public async Task OnStarting_CallbackThrows_Answers500AndLeavesNoSubscriber()
    {
        await using var app = await StartWithCallbackAsync(new AsyncLocal<string>(), () => throw new FormatException());

        using var response = await app.NewClient().GetAsync("/events").WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Body_ThrowsAnAggregateException_ClientSeesThatEventsAreMissing(bool isClosed)
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            app.Use(next => context =>
            {
                context.Response.Body = new ThrowingBody(context.Response.Body, new AggregateException());
                return next(context);
            });
            app.MapServerSentEvents("/events");
        });
        using var client = await app.OpenAsync("/events");

        app.Publisher.Publish(ThrowingBody.Forbidden).Should().Be(1);
        if (isClosed)
            app.Publisher.Close();

        await client.Awaiting(each => each.RestAsync()).Should().ThrowAsync<IOException>("the stream must not end in order");
        app.Log.AboveDebug.Should().ContainSingle(entry => entry.Id == 8);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task OutputCache_TypedResult_IsNotCached(string path)
    {
        await using var app = await StartWithOutputCacheAsync(policy => policy.Expire(TimeSpan.FromHours(1)));

        using var first = await app.OpenAsync(path);
        using var second = await app.OpenAsync(path);

        app.Publisher.Publish("to both").Should().Be(2);
        app.Publisher.Close();
        (await first.RestAsync()).Should().Be("data: to both\n\n");
        (await second.RestAsync()).Should().Be("data: to both\n\n");
        await ShouldGetItsOwnStreamAsync(app, path);
    }

    [Theory]
    [InlineData("/result/untyped")]
    [InlineData("/result/task")]
    [InlineData("/result/choice")]
    [InlineData("/subscription/untyped")]
    [InlineData("/cached")]
    public async Task OutputCache_UntypedResult_GetsNoStreamOfAnotherClient(string path)
    {
        await using var app = await StartWithOutputCacheAsync(policy => policy.Expire(TimeSpan.FromHours(1)));

        using var first = await app.OpenAsync(path);
        app.Publisher.Publish("for the first").Should().Be(1);
        app.Publisher.Close();
        (await first.RestAsync()).Should().Be("data: for the first\n\n");

        await ShouldGetItsOwnStreamAsync(app, path);
    }

    [Theory]
    [InlineData("/result/untyped")]
    [InlineData("/result/choice")]
    [InlineData("/subscription/untyped")]
    [InlineData("/cached")]
    public async Task OutputCache_SecondClientWaitsForTheFirst_GetsItsOwnStream(string path)
    {
        var requests = 0;
        await using var app = await StartWithOutputCacheAsync(
            policy => policy.Expire(TimeSpan.FromHours(1)),
            app => app.Use((context, next) =>
            {
                Interlocked.Increment(ref requests);
                return next(context);
            }));
        using var first = await app.OpenAsync(path);
        var opening = app.OpenAsync(path);
        await Limits.UntilAsync(() => Volatile.Read(ref requests) == 2);

        app.Publisher.Publish("for the first");
        app.Publisher.Close();
        (await first.RestAsync()).Should().Be("data: for the first\n\n");
        using var second = await opening;
        app.Publisher.Publish("own").Should().Be(1);
        app.Publisher.Close();

        (await second.RestAsync()).Should().Be("data: own\n\n");
    }

    [Fact]
    public async Task OutputCache_UntypedResultWithoutLocking_ServesClientsAtTheSameTime()
    {
        await using var app = await StartWithOutputCacheAsync(policy => policy.Expire(TimeSpan.FromHours(1)).SetLocking(false));

        using var first = await app.OpenAsync("/result/untyped");
        using var second = await app.OpenAsync("/result/untyped");

        app.Publisher.Publish("to both").Should().Be(2);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result/untyped")]
    [InlineData("/subscription/untyped")]
    public async Task ResponseCaching_SecondClient_GetsItsOwnStream(string path)
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents(options => options.HeartbeatInterval = null);
                builder.Services.AddResponseCaching();
            },
            app =>
            {
                app.UseResponseCaching();
                app.Use((context, next) =>
                {
                    context.Response.Headers.CacheControl = "public, max-age=3600";
                    return next(context);
                });
                MapAll(app);
                app.MapGet("/number", () => ++_answers);
            });
        await ShouldGetAsync(app, "/number", "1");
        await ShouldGetAsync(app, "/number", "1");
        using (var first = await app.OpenAsync(path))
        {
            app.Publisher.Publish("for the first").Should().Be(1);
            app.Publisher.Close();
            (await first.RestAsync()).Should().Be("data: for the first\n\n");
        }

        await ShouldGetItsOwnStreamAsync(app, path);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result/untyped")]
    [InlineData("/subscription/untyped")]
    public async Task HttpLoggingStatusPagesAndExceptionHandler_Together_PassEventsOnAtOnce(string path)
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents(options => options.HeartbeatInterval = null);
                builder.Services.AddHttpLogging(logging => logging.LoggingFields = HttpLoggingFields.All);
            },
            app =>
            {
                app.UseHttpLogging();
                app.UseExceptionHandler("/failed");
                app.UseStatusCodePages("text/plain", "Status {0}");
                MapAll(app);
            });
        using var client = await app.OpenAsync(path);

        app.Publisher.Publish("one");
        (await client.NextDataAsync()).Should().Be("one");
        app.Publisher.Publish("two");
        (await client.NextDataAsync()).Should().Be("two");

        app.Publisher.Close();
        (await client.RestAsync()).Trim().Should().BeEmpty("status code pages and the exception handler add nothing");
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    public async Task PathBase_IsPartOfTheAddress_Streams(string path)
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            app.UsePathBase("/base");
            app.UseRouting();
            MapAll(app);
        });
        using var client = await app.OpenAsync($"/base{path}");

        app.Publisher.Publish("hello");

        (await client.NextDataAsync()).Should().Be("hello");
    }

    [Fact]
    public async Task ExceptionHandler_FunctionOfTheEndpointThrows_AnswersWithoutASubscription()
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            app.UseExceptionHandler(failed => failed.Run(context => context.Response.WriteAsync("handled")));
            Func<HttpContext, SubscribeOptions<object?>?> subscribe = _ => throw new InvalidOperationException("Sorry.");
            app.MapServerSentEvents("/events", subscribe);
        });

        using var response = await app.NewClient().GetAsync("/events").WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await response.Content.ReadAsStringAsync()).Should().Be("handled");
        app.Publisher.GetSubscribers().Should().BeEmpty();
    }

    [Theory]
    [InlineData("/events", true)]
    [InlineData("/events", false)]
    [InlineData("/result/untyped", true)]
    [InlineData("/subscription/untyped", false)]
    public async Task Body_IsReplacedByAForwardingStream_EventsArriveAtOnce(string path, bool hasVersion2)
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            // The page refresh of `dotnet watch` does this, for requests of a browser's tab.
            app.Use((context, next) =>
            {
                context.Response.Body = new ForwardingStream(context.Response.Body);
                return next(context);
            });
            app.UseRouting();
            MapAll(app);
        });
        using var client = await LineClient.OpenAsync(app.NewClient(hasVersion2 ? new(2, 0) : new(1, 1)), path);

        for (var i = 0; i < 3; i++)
        {
            app.Publisher.Publish($"{i}").Should().Be(1);
            (await client.NextDataAsync()).Should().Be($"{i}");
        }

        app.Publisher.Close();
        await client.RestAsync();
        app.Log.AboveDebug.Where(entry => entry.Exception is not null).Should().BeEmpty();
    }

    private static Task<TestApplication> StartWithOutputCacheAsync(
        Action<OutputCachePolicyBuilder> basePolicy, Action<WebApplication>? useBefore = null) =>
        TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents(options => options.HeartbeatInterval = null);
                builder.Services.AddOutputCache(cache => cache.AddBasePolicy(basePolicy));
            },
            app =>
            {
                useBefore?.Invoke(app);
                app.UseOutputCache();
                MapAll(app);
                app.MapGet("/cached", IResult (Publisher publisher) => publisher.ToResult(new())).CacheOutput();
            });

    private static void MapAll(WebApplication app)
    {
        app.MapServerSentEvents("/events");
        app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
        app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
        // The metadata of these handlers does not show middleware that the response is a stream.
        app.MapGet("/result/untyped", IResult (Publisher publisher) => publisher.ToResult(new()));
        app.MapGet("/result/task", Task<IResult> (Publisher publisher) => Task.FromResult<IResult>(publisher.ToResult(new())));
        app.MapGet("/result/choice", (Publisher publisher, bool none = false) => none ? Results.NotFound() : publisher.ToResult(new()));
        app.MapGet("/subscription/untyped", IResult (Publisher publisher) => publisher.Subscribe().ToResult());
    }

    private static async Task ShouldGetAsync(TestApplication app, string path, string expected) =>
        (await app.NewClient().GetStringAsync(new Uri(path, UriKind.Relative)).WaitAsync(Limits.Patience)).Should().Be(expected);

    private static async Task ShouldGetItsOwnStreamAsync(TestApplication app, string path)
    {
        using var client = await app.OpenAsync(path);
        app.Publisher.Publish("own").Should().Be(1);
        app.Publisher.Close();
        (await client.RestAsync()).Should().Be("data: own\n\n", "each client gets its own stream");
    }

    private static Task<TestApplication> StartWithCallbackAsync(AsyncLocal<string> local, Action callback) => TestApplication.StartAsync(
        map: app =>
        {
            app.Use(next => context =>
            {
                local.Value = "request";
                context.Response.OnStarting(() =>
                {
                    callback();
                    return Task.CompletedTask;
                });
                return next(context);
            });
            app.MapServerSentEvents("/events");
        });
}
