using System.Net;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests cookie authentication. It redirects other endpoints to a login page, which a client of events cannot use.</summary>
public sealed class LoginRedirectTests
{
    [Theory]
    [InlineData("/events", HttpStatusCode.Unauthorized)]
    [InlineData("/result", HttpStatusCode.Unauthorized)]
    [InlineData("/choice", HttpStatusCode.Unauthorized)]
    [InlineData("/subscription", HttpStatusCode.Unauthorized)]
    [InlineData("/page", HttpStatusCode.Redirect)]
    public async Task Cookie_IsMissing_EventStreamsAnswer401(string path, HttpStatusCode expected)
    {
        await using var app = await StartAsync();

        var status = await GetAsync(app, path, cookie: null);

        status.Should().Be(expected);
        app.Publisher.GetSubscribers().Should().BeEmpty();
    }

    [Theory]
    [InlineData("/events/admin")]
    [InlineData("/result/admin")]
    [InlineData("/subscription/admin")]
    public async Task Cookie_UserHasNoPermission_EventStreamsAnswer403(string path)
    {
        await using var app = await StartAsync();
        using var signIn = await app.NewClient().GetAsync(SignIns.Path).WaitAsync(Limits.Patience);
        var cookie = signIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0];

        var status = await GetAsync(app, path, cookie);

        status.Should().Be(HttpStatusCode.Forbidden);
        app.Publisher.GetSubscribers().Should().BeEmpty();
    }

    /// <summary>Tests the advice of the guide for a default challenge that redirects to an identity provider.</summary>
    [Theory]
    [InlineData("/private", HttpStatusCode.Unauthorized)]
    [InlineData("/page", HttpStatusCode.Redirect)]
    public async Task Cookie_IsMissingAndTheDefaultChallengeRedirects_NamedSchemeAnswers401(string path, HttpStatusCode expected)
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                SignIns.AddCookies(builder.Services, TimeSpan.FromHours(1));
                builder.Services.AddAuthentication(options => options.DefaultChallengeScheme = "Redirect")
                    .AddScheme<AuthenticationSchemeOptions, RedirectHandler>("Redirect", configureOptions: null);
            },
            app =>
            {
                app.MapServerSentEvents("/private").RequireAuthorization(policy => policy
                    .AddAuthenticationSchemes("Cookies")
                    .RequireAuthenticatedUser());
                app.MapServerSentEvents("/page").RequireAuthorization();
            });

        (await GetAsync(app, path, cookie: null)).Should().Be(expected);
    }

    private static Task<TestApplication> StartAsync() => TestApplication.StartAsync(
        builder =>
        {
            builder.Services.AddServerSentEvents();
            SignIns.AddCookies(builder.Services, TimeSpan.FromHours(1));
        },
        app =>
        {
            SignIns.MapSignIn(app);
            app.MapServerSentEvents("/events").RequireAuthorization();
            app.MapServerSentEvents("/events/admin").RequireAuthorization(policy => policy.RequireRole("admin"));
            app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new())).RequireAuthorization();
            app.MapGet("/result/admin", (Publisher publisher) => publisher.ToResult(new()))
                .RequireAuthorization(policy => policy.RequireRole("admin"));
            app.MapGet("/choice", Results<EventStreamResult<object?>, NotFound> (Publisher publisher) => publisher.ToResult(new()))
                .RequireAuthorization();
            app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult()).RequireAuthorization();
            app.MapGet("/subscription/admin", (Publisher publisher) => publisher.Subscribe().ToResult())
                .RequireAuthorization(policy => policy.RequireRole("admin"));
            app.MapGet("/page", () => "").RequireAuthorization();
        });

    private static async Task<HttpStatusCode> GetAsync(TestApplication app, string path, string? cookie)
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(app.AddressOf(HttpVersion.Version11), path));
        if (cookie is not null)
            request.Headers.Add("Cookie", cookie);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Patience);
        return response.StatusCode;
    }

    /// <summary>A scheme whose challenge redirects to an identity provider, as OpenID Connect does.</summary>
    private sealed class RedirectHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());

        protected override Task HandleChallengeAsync(AuthenticationProperties properties)
        {
            Response.Redirect("https://provider.example/");
            return Task.CompletedTask;
        }
    }
}
