using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Contains, word for word, the code of DEPLOYING.md and AUTHENTICATION.md. The tests check that it works.</summary>
public sealed class GuideSnippets
{
    [Fact]
    public async Task NoCache_Run_ServesClientsAtTheSameTime()
    {
        await using var application = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddOutputCache(cache => cache.AddBasePolicy(policy => policy.Cache()));
            },
            app =>
            {
                app.UseOutputCache();
                app.MapGet("/news", IResult (Publisher publisher) => publisher.ToResult(new())).CacheOutput(policy => policy.NoCache());
            });

        using var first = await application.OpenAsync("/news");
        using var second = await application.OpenAsync("/news");

        application.Publisher.Publish("hello").Should().Be(2);
    }

    [Fact]
    public async Task Cors_Run_AllowsTheLastEventIdInAPreflight()
    {
        await using var application = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddCors();
            },
            app =>
            {
                app.UseCors();
                app.MapServerSentEvents("/events").RequireCors(cors => cors
                    .WithOrigins("https://app.example")
                    .WithHeaders("Last-Event-ID")
                    .AllowCredentials());
            });
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/events");
        preflight.Headers.Add("Origin", "https://app.example");
        preflight.Headers.Add("Access-Control-Request-Method", "GET");
        preflight.Headers.Add("Access-Control-Request-Headers", "last-event-id");

        using var response = await application.NewClient().SendAsync(preflight).WaitAsync(Limits.Patience);

        response.Headers.GetValues("Access-Control-Allow-Headers").Should().Equal("Last-Event-ID");
        response.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("https://app.example");
        application.Publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Limit_Run_AnswersTheEleventhStreamWithARetry()
    {
        await using var application = await StartForNamedUsersAsync(app =>
        {
            app.MapGet("/inbox", Results<EventStreamResult<string>, ContentHttpResult> (ClaimsPrincipal user, Publisher<string> publisher) =>
            {
                var name = user.Identity!.Name!;
                var channel = $"user {name}";
                if (publisher.GetSubscribers(channel).Count >= 10)
                    return TypedResults.Text("retry: 60000\n", "text/event-stream");
                return publisher.ToResult(new() { Channels = channel, Properties = name });
            }).RequireAuthorization();
        });
        var clients = new List<LineClient>();
        for (var i = 0; i < 10; i++)
            clients.Add(await OpenAsAsync(application, "/inbox", "Ann"));

        using var refused = await OpenAsAsync(application, "/inbox", "Ann");
        using var other = await OpenAsAsync(application, "/inbox", "Bob");

        (await refused.RestAsync()).Should().Be("retry: 60000\n");
        application.Services.GetRequiredService<Publisher<string>>().GetSubscribers("user Ann").Should().HaveCount(10);
        application.Services.GetRequiredService<Publisher<string>>().GetSubscribers("user Bob").Should().ContainSingle();
        (await StatusOfAsync(application, HttpMethod.Get, "/inbox", name: null)).Should().Be(HttpStatusCode.Unauthorized);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public void QueryToken_Run_IsReadForEventsAlone()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddAuthentication().AddJwtBearer(options => options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                if (context.HttpContext.Request.Path == "/events")
                    context.Token = context.Request.Query["access_token"];
                return Task.CompletedTask;
            },
        });

        using var services = builder.Services.BuildServiceProvider();
        var options = services.GetRequiredService<IOptionsMonitor<JwtBearerOptions>>().Get("Bearer");

        TokenOf("/events").Should().Be("secret");
        TokenOf("/other").Should().BeNull();

        string? TokenOf(string path)
        {
            var context = new DefaultHttpContext { Request = { Path = path, QueryString = new("?access_token=secret") } };
            var scheme = new AuthenticationScheme("Bearer", displayName: null, typeof(JwtBearerHandler));
            var received = new MessageReceivedContext(context, scheme, options);
            options.Events.OnMessageReceived(received).IsCompletedSuccessfully.Should().BeTrue();
            return received.Token;
        }
    }

    [Theory]
    [InlineData("/events", false, HttpStatusCode.Unauthorized)]
    [InlineData("/events/admin", true, HttpStatusCode.Forbidden)]
    [InlineData("/page", false, HttpStatusCode.Redirect)]
    [InlineData("/page/admin", true, HttpStatusCode.Redirect)]
    public async Task CookieEvents_Run_RedirectAllButStreams(string path, bool isSignedIn, HttpStatusCode expected)
    {
        await using var application = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddAuthorization();
                SignIns.KeepKeysInMemory(builder.Services);
                builder.Services.AddAuthentication().AddCookie(cookies =>
                {
                    cookies.Events.OnRedirectToLogin = context => AnswerAsync(context, StatusCodes.Status401Unauthorized);
                    cookies.Events.OnRedirectToAccessDenied = context => AnswerAsync(context, StatusCodes.Status403Forbidden);

                    static Task AnswerAsync(RedirectContext<CookieAuthenticationOptions> context, int status)
                    {
                        if (context.Request.Path.StartsWithSegments("/events", StringComparison.Ordinal))
                            context.Response.StatusCode = status;
                        else
                            context.Response.Redirect(context.RedirectUri);
                        return Task.CompletedTask;
                    }
                });
            },
            app =>
            {
                SignIns.MapSignIn(app);
                // Without its type, the result does not tell .NET 10 that it is a stream.
                app.MapGet("/events", IResult (Publisher publisher) => publisher.ToResult(new())).RequireAuthorization();
                app.MapGet("/events/admin", IResult (Publisher publisher) => publisher.ToResult(new()))
                    .RequireAuthorization(policy => policy.RequireRole("admin"));
                app.MapGet("/page", () => "").RequireAuthorization();
                app.MapGet("/page/admin", () => "").RequireAuthorization(policy => policy.RequireRole("admin"));
            });
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = application.AddressOf(HttpVersion.Version11) };
        if (isSignedIn)
            (await http.GetAsync(SignIns.Path).WaitAsync(Limits.Patience)).Dispose();

        using var response = await http.GetAsync(path).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(expected);
    }

    [Fact]
    public async Task Logout_Run_EndsTheStreamsOfTheUser()
    {
        await using var application = await StartForNamedUsersAsync(app =>
        {
            app.MapServerSentEvents("/events", context => new SubscribeOptions<string> { Properties = context.User.Identity!.Name! })
                .RequireAuthorization();
            app.MapPost("/logout", async (HttpContext context, Publisher<string> publisher) =>
            {
                var name = context.User.Identity!.Name;
                await context.SignOutAsync();
                // A browser that reconnects before the response would still send the old cookie.
                context.Response.OnCompleted(() =>
                {
                    publisher.Disconnect(subscriber => subscriber == name);
                    return Task.CompletedTask;
                });
            }).RequireAuthorization();
        });
        using var ann = await OpenAsAsync(application, "/events", "Ann");
        using var bob = await OpenAsAsync(application, "/events", "Bob");

        (await StatusOfAsync(application, HttpMethod.Post, "/logout", "Ann")).Should().Be(HttpStatusCode.OK);

        (await ann.RestAsync()).Should().BeEmpty();
        application.Services.GetRequiredService<Publisher<string>>().Publish("hello").Should().Be(1);
        (await bob.NextDataAsync()).Should().Be("hello");
        (await StatusOfAsync(application, HttpMethod.Post, "/logout", name: null)).Should().Be(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("Ann", null, null, HttpStatusCode.OK)]
    [InlineData("Ann", "own", "same-origin", HttpStatusCode.OK)]
    [InlineData("Ann", null, "none", HttpStatusCode.OK)]
    [InlineData("Ann", null, "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Ann", null, "same-site", HttpStatusCode.Forbidden)]
    [InlineData("Ann", "https://evil.example", null, HttpStatusCode.Forbidden)]
    [InlineData("Ann", "null", null, HttpStatusCode.Forbidden)]
    [InlineData(null, null, null, HttpStatusCode.Unauthorized)]
    public async Task Origin_Run_RefusesOtherOrigins(string? name, string? origin, string? site, HttpStatusCode expected)
    {
        await using var application = await StartForNamedUsersAsync(app =>
        {
            app.MapServerSentEvents<object?>("/private", context =>
            {
                var headers = context.Request.Headers;
                var isOwn = headers.Origin.Count > 0
                    ? headers.Origin == $"{context.Request.Scheme}://{context.Request.Host}"
                    : headers["Sec-Fetch-Site"].ToString() is not ("cross-site" or "same-site");
                if (isOwn)
                    return new SubscribeOptions<object?>();
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return null;
            }).RequireAuthorization();
        });
        using var request = NewRequest(HttpMethod.Get, "/private", name);
        if (origin is not null)
            request.Headers.Add("Origin", origin == "own" ? application.AddressOf(HttpVersion.Version11).GetLeftPart(UriPartial.Authority) : origin);
        if (site is not null)
            request.Headers.Add("Sec-Fetch-Site", site);

        using var response = await application.NewClient()
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(expected);
    }

    private static Task<TestApplication> StartForNamedUsersAsync(Action<WebApplication> map) => TestApplication.StartAsync(
        builder =>
        {
            builder.Services.AddServerSentEvents();
            builder.Services.AddServerSentEvents<string>();
            builder.Services.AddAuthorization();
            builder.Services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, NamedByHeader>("Test", null).AddCookie();
            builder.Services.Configure<AuthenticationOptions>(options => options.DefaultSignOutScheme = "Cookies");
        },
        map);

    private static Task<LineClient> OpenAsAsync(TestApplication app, string path, string name) =>
        LineClient.OpenAsync(app.NewClient(), NewRequest(HttpMethod.Get, path, name));

    private static async Task<HttpStatusCode> StatusOfAsync(TestApplication app, HttpMethod method, string path, string? name)
    {
        using var request = NewRequest(method, path, name);
        using var response = await app.NewClient().SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Patience);
        return response.StatusCode;
    }

    /// <summary>Returns a request of a user; of an anonymous one if the name is null.</summary>
    private static HttpRequestMessage NewRequest(HttpMethod method, string path, string? name)
    {
        var request = new HttpRequestMessage(method, path);
        if (name is not null)
            request.Headers.Add(NamedByHeader.Header, name);
        return request;
    }
}
