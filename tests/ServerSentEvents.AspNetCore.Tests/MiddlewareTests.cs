using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpLogging;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using ServerSentEvents.Tests;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests endpoints with the middleware of ASP.NET Core before them.</summary>
public sealed class MiddlewareTests
{
    private const string Origin = "https://page.example";

    [Fact]
    public async Task RequireAuthorization_SignedInClient_SubscribesWithItsUser()
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents<string>();
                builder.Services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, NamedByHeader>("Test", null);
                builder.Services.AddAuthorization();
            },
            app => app.MapServerSentEvents<string>(
                "/events", context => new SubscribeOptions<string> { Properties = context.User.Identity!.Name! }).RequireAuthorization());
        var publisher = app.Services.GetRequiredService<Publisher<string>>();

        using var refused = await app.NewClient().GetAsync("/events").WaitAsync(Streams.Limit);
        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        publisher.GetSubscribers().Should().BeEmpty();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add(NamedByHeader.Header, "Ann");
        using var client = await EventStreamClient.OpenAsync(app.NewClient(), request);
        publisher.Publish(name => $"hello {name}");
        (await client.NextDataAsync()).Should().Be("hello Ann");
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
                MapAll(app);
            });
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

    [Fact]
    public async Task RequireCors_AnotherOriginWithCredentials_IsAllowed()
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddCors();
            },
            app =>
            {
                app.UseCors();
                app.MapServerSentEvents("/events").RequireCors(cors => cors.WithOrigins(Origin).AllowCredentials());
            });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Origin", Origin);
        using var stranger = new HttpRequestMessage(HttpMethod.Get, "/events");
        stranger.Headers.Add("Origin", "https://stranger.example");

        using var allowed = await EventStreamClient.OpenAsync(app.NewClient(), request);
        using var unknown = await EventStreamClient.OpenAsync(app.NewClient(), stranger);

        allowed.Response.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal(Origin);
        allowed.Response.Headers.GetValues("Access-Control-Allow-Credentials").Should().Equal("true");
        unknown.Response.Headers.Contains("Access-Control-Allow-Origin").Should().BeFalse();
        app.Publisher.Publish("hello");
        (await allowed.NextDataAsync()).Should().Be("hello");
    }

    [Fact]
    public async Task RequireRateLimiting_Concurrency_CountsAStreamUntilItEnds()
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddRateLimiter(limiter =>
                {
                    limiter.RejectionStatusCode = (int)HttpStatusCode.TooManyRequests;
                    limiter.AddConcurrencyLimiter("two", options => options.PermitLimit = 2);
                });
            },
            app =>
            {
                app.UseRateLimiter();
                app.MapServerSentEvents("/events").RequireRateLimiting("two");
            });
        var http = app.NewClient();
        using var first = await EventStreamClient.OpenAsync(http, "/events");
        using var second = await EventStreamClient.OpenAsync(http, "/events");

        using (var third = await http.GetAsync("/events").WaitAsync(Streams.Limit))
            third.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        app.Publisher.GetSubscribers()[0].Close();
        (await first.RestAsync()).Should().BeEmpty();
        using var fourth = await OpenWhenAllowedAsync(http);

        app.Publisher.Publish("hello").Should().Be(2);
        (await fourth.NextDataAsync()).Should().Be("hello");
    }

    [Fact]
    public async Task MapGroup_PrefixAndConventions_ReachTheEndpoint()
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            var group = app.MapGroup("/api/{tenant}").WithMetadata("of the group");
            group.MapServerSentEvents("/events").WithName("events");
        });
        using var client = await app.OpenAsync("/api/acme/events");

        app.Publisher.Publish("hello").Should().Be(1);

        (await client.NextDataAsync()).Should().Be("hello");
        var endpoint = app.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints.Single();
        endpoint.Metadata.GetMetadata<string>().Should().Be("of the group");
    }

    private static Task<TestApplication> StartWithOutputCacheAsync(Action<OutputCachePolicyBuilder> basePolicy) =>
        TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents(options => options.HeartbeatInterval = null);
                builder.Services.AddOutputCache(cache => cache.AddBasePolicy(basePolicy));
            },
            app =>
            {
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
        app.MapGet("/subscription/untyped", IResult (Publisher publisher) => publisher.Subscribe().ToResult());
    }

    private static async Task ShouldGetItsOwnStreamAsync(TestApplication app, string path)
    {
        using var client = await app.OpenAsync(path);
        app.Publisher.Publish("own").Should().Be(1);
        app.Publisher.Close();
        (await client.RestAsync()).Should().Be("data: own\n\n", "each client gets its own stream");
    }

    /// <summary>Retries until the limiter allows the request: a client sees the end of a stream before the request ends.</summary>
    private static async Task<EventStreamClient> OpenWhenAllowedAsync(HttpClient http)
    {
        HttpResponseMessage? response = null;
        await Eventually.HoldsAsync(() =>
        {
            response = http.Send(
                new HttpRequestMessage(HttpMethod.Get, "/events"), HttpCompletionOption.ResponseHeadersRead);
            return response.StatusCode == HttpStatusCode.OK;
        });
        return await EventStreamClient.OfAsync(response!);
    }
}
