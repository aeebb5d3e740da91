using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using ServerSentEvents.Client;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests endpoints with authorization, CORS, rate limiting and groups.</summary>
public sealed class EndpointConventionTests
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

        using var refused = await app.NewClient().GetAsync("/events").WaitAsync(Limits.Patience);
        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        publisher.GetSubscribers().Should().BeEmpty();

        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add(NamedByHeader.Header, "Ann");
        using var client = await LineClient.OpenAsync(app.NewClient(), request);
        publisher.Publish(name => $"hello {name}");
        (await client.NextDataAsync()).Should().Be("hello Ann");
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

        using var allowed = await LineClient.OpenAsync(app.NewClient(), request);
        using var unknown = await LineClient.OpenAsync(app.NewClient(), stranger);

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
        using var first = await LineClient.OpenAsync(http, "/events");
        using var second = await LineClient.OpenAsync(http, "/events");

        using (var third = await http.GetAsync("/events").WaitAsync(Limits.Patience))
            third.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        app.Publisher.GetSubscribers()[0].Close();
        (await first.RestAsync()).Should().BeEmpty();
        // A client sees the end of a stream before the request ends, so its next request may be refused as well.
        await using var fourth = new EventStreamClient(http, new() { ReconnectionInterval = TimeSpan.FromMilliseconds(100) })
            .ReadAsync(new Uri("/events", UriKind.Relative)).GetAsyncEnumerator();
        var next = fourth.MoveNextAsync().AsTask();
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 2);

        app.Publisher.Publish("hello").Should().Be(2);
        (await next.WithinPatience()).Should().BeTrue();
        fourth.Current.Data.Should().Be("hello");
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
}
