using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
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
        EndpointsOf(app).Should().HaveCount(2)
            .And.OnlyContain(endpoint => endpoint.Metadata.GetMetadata<string>() == "of the group", "GET and HEAD are in the group");
    }

    [Fact]
    public async Task Conventions_HeadRequest_ApplyAsToGet()
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddCors();
                builder.Services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, NamedByHeader>("Test", null);
                builder.Services.AddAuthorization();
            },
            app =>
            {
                // A preflight has no user, so CORS comes before the authorization that an application otherwise begins with.
                app.UseCors();
                app.UseAuthentication();
                app.UseAuthorization();
                app.MapServerSentEvents("/events").RequireAuthorization().RequireCors(cors => cors.WithOrigins(Origin))
                    .AddEndpointFilter(async (context, next) =>
                    {
                        context.HttpContext.Response.Headers["Filtered"] = context.HttpContext.Request.Method;
                        return await next(context);
                    });
            });

        using var refused = await SendAsync(HttpMethod.Head);
        using var preflight = await SendAsync(HttpMethod.Options, ("Access-Control-Request-Method", "HEAD"));
        using var allowed = await SendAsync(HttpMethod.Head, (NamedByHeader.Header, "Ann"));

        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        preflight.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal(Origin);
        allowed.StatusCode.Should().Be(HttpStatusCode.OK);
        allowed.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal(Origin);
        allowed.Headers.GetValues("Filtered").Should().Equal("HEAD");
        app.Publisher.GetSubscribers().Should().BeEmpty();

        async Task<HttpResponseMessage> SendAsync(HttpMethod method, params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(method, "/events");
            request.Headers.Add("Origin", Origin);
            foreach (var (name, value) in headers)
                request.Headers.Add(name, value);
            return await app.NewClient().SendAsync(request).WaitAsync(Limits.Patience);
        }
    }

    [Fact]
    public async Task Conventions_AddAndFinally_ReachGetAndHeadInOrder()
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            var endpoint = app.MapServerSentEvents("/events").WithDisplayName("first");
            endpoint.Finally(builder => builder.DisplayName += " and last");
            endpoint.Add(builder => builder.DisplayName += ", second");
        });

        EndpointsOf(app).Select(endpoint => endpoint.DisplayName)
            .Should().Equal("first, second and last", "first, second and last");
    }

    [Theory]
    [InlineData("on the endpoint")]
    [InlineData("finally on the endpoint")]
    [InlineData("on the group")]
    public async Task WithName_EndpointOrGroup_LinkLeadsToTheRoute(string place)
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            var group = app.MapGroup("/api");
            var endpoint = group.MapServerSentEvents("/{room}/events");
            IEndpointConventionBuilder named = place.EndsWith("group", StringComparison.Ordinal) ? group : endpoint;
            if (place.StartsWith("finally", StringComparison.Ordinal))
                named.Finally(builder => builder.Metadata.Add(new EndpointNameMetadata("events")));
            else
                named.WithName("events");
        });

        var link = app.Services.GetRequiredService<LinkGenerator>().GetPathByName("events", new { room = "red" });

        link.Should().Be("/api/red/events");
        EndpointsOf(app).Count(endpoint => endpoint.Metadata.Any(item => item is IEndpointNameMetadata or IRouteNameMetadata))
            .Should().Be(1);
        // Names that are not unique make the first request fail.
        using var client = await app.OpenAsync(link!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WithOpenApi_EndpointOrGroup_DescribesGetOnly(bool onGroup)
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            var group = app.MapGroup("/api");
            var endpoint = group.MapServerSentEvents("/events").WithName("events");
#pragma warning disable ASPDEPR002 // The templates of .NET 8 call this method, which is obsolete in .NET 10.
            if (onGroup)
                group.WithOpenApi();
            else
                endpoint.WithOpenApi();
#pragma warning restore ASPDEPR002
        });
        using var client = await app.OpenAsync("/api/events");

        app.Publisher.Publish("hello").Should().Be(1);

        (await client.NextDataAsync()).Should().Be("hello");
        // The type of operations is in another namespace for .NET 8.
        EndpointsOf(app).Where(endpoint => endpoint.Metadata.Any(item => item.GetType().Name == "OpenApiOperation"))
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods).Should().Equal("GET");
    }

    private static IReadOnlyList<Endpoint> EndpointsOf(TestApplication app) =>
        app.Services.GetRequiredService<EndpointDataSource>().Endpoints;
}
