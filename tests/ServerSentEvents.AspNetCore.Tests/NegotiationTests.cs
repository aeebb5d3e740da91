using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests requests that are answered without a stream: HEAD, and clients that do not accept one.</summary>
public sealed class NegotiationTests
{
    private static readonly string[] Paths = ["/mapped", "/result", "/subscription"];

    [Theory]
    [InlineData("/mapped", "1.1")]
    [InlineData("/mapped", "2.0")]
    [InlineData("/result", "1.1")]
    [InlineData("/result", "2.0")]
    [InlineData("/subscription", "1.1")]
    [InlineData("/subscription", "2.0")]
    public async Task Head_EveryForm_GetsTheHeadersWithoutASubscription(string path, string version)
    {
        await using var app = await StartAsync();
        var http = app.NewClient(Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Head, path)
        {
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };

        using var response = await http.SendAsync(request).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
        app.Publisher.GetAllSubscribers().Should().BeEmpty();
        // The connection serves the next request.
        using var client = await LineClient.OpenAsync(http, path);
        app.Publisher.Publish("hello").Should().Be(1);
        (await client.NextDataAsync()).Should().Be("hello");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/html, application/xhtml+xml")]
    [InlineData("image/*")]
    [InlineData("text/event-stream;q=0")]
    [InlineData("text/event-stream;q=0, */*")]
    [InlineData("text/*;q=0.0, */*;q=0.5")]
    [InlineData("*/*, text/*;q=0")]
    public async Task Accept_ExcludesStreams_Answers406WithoutASubscription(string accept)
    {
        await using var app = await StartAsync();
        foreach (var path in Paths)
        {
            using var response = await GetAsync(app, path, accept);

            response.StatusCode.Should().Be(HttpStatusCode.NotAcceptable);
            response.Headers.CacheControl!.NoStore.Should().BeTrue("a cache would answer 406 to clients that accept streams");
            app.Publisher.GetAllSubscribers().Should().BeEmpty();
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("*/*")]
    [InlineData("text/*")]
    [InlineData("text/event-stream")]
    [InlineData("TEXT/Event-Stream; charset=utf-8")]
    [InlineData("application/json, text/event-stream")]
    [InlineData("text/html, */*;q=0.1")]
    [InlineData("text/*;q=0, text/event-stream")]
    [InlineData("")]
    [InlineData(",,;;=")]
    [InlineData("application/json, aaa")]
    public async Task Accept_AllowsStreams_GetsTheStream(string? accept)
    {
        await using var app = await StartAsync();
        foreach (var path in Paths)
        {
            var response = await GetAsync(app, path, accept);
            using var client = await LineClient.OfAsync(response);
            app.Publisher.GetAllSubscribers().Should().ContainSingle();
            app.Publisher.Close();
            (await client.RestAsync()).Should().BeEmpty();
        }
    }

    [Theory]
    [InlineData(StatusCodes.Status403Forbidden, HttpStatusCode.Forbidden)]
    [InlineData(StatusCodes.Status302Found, HttpStatusCode.Found)]
    [InlineData(StatusCodes.Status200OK, HttpStatusCode.NoContent)]
    public async Task Map_FunctionReturnsNull_KeepsItsStatus(int status, HttpStatusCode expected)
    {
        await using var app = await TestApplication.StartAsync(map: app => app.MapServerSentEvents<object?>("/events", context =>
        {
            context.Response.StatusCode = status;
            return null;
        }));

        using var response = await app.NewClient().GetAsync("/events").WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(expected);
        app.Publisher.GetAllSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Map_FunctionWritesItsOwnResponse_KeepsIt()
    {
        await using var app = await TestApplication.StartAsync(map: app => app.MapServerSentEvents<object?>("/events", async context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsync("not for you");
            return null;
        }));

        using var response = await app.NewClient().GetAsync("/events").WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await response.Content.ReadAsStringAsync()).Should().Be("not for you");
        app.Log.AboveDebug.Should().BeEmpty();
    }

    [Fact]
    public async Task Map_LambdaThatThrows_Compiles()
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            // The overloads differ only in the return type of the function, and this lambda has none.
            app.MapServerSentEvents<object?>("/events", _ => throw new InvalidOperationException("Sorry."));
            app.MapServerSentEvents("/own", app.Services.GetRequiredService<Publisher<object?>>(), _ => null);
        });

        using var thrown = await app.NewClient().GetAsync("/events").WaitAsync(Limits.Patience);
        using var refused = await app.NewClient().GetAsync("/own").WaitAsync(Limits.Patience);

        thrown.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        refused.StatusCode.Should().Be(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Handler_ReturnsASubscription_FailsWithAMessageThatNamesToResult()
    {
        await using var app = await TestApplication.StartAsync(map: app =>
            app.MapGet("/mistaken/sport", (Publisher publisher) => publisher.Subscribe()));

        await ShouldNameToResultAsync(app);
    }

    [Fact]
    public async Task Action_ReturnsASubscription_FailsWithAMessageThatNamesToResult()
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddControllers().AddApplicationPart(typeof(NewsController).Assembly);
            },
            app => app.MapControllers());

        await ShouldNameToResultAsync(app);
    }

    private static async Task ShouldNameToResultAsync(TestApplication app)
    {
        using var response = await app.NewClient().GetAsync("/mistaken/sport").WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        app.Log.AboveDebug.Select(entry => entry.Exception).OfType<NotSupportedException>()
            .Should().Contain(exception => exception.Message.Contains("publisher.ToResult(options)", StringComparison.Ordinal));
    }

    private static async Task<HttpResponseMessage> GetAsync(TestApplication app, string path, string? accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept).Should().BeTrue();
        return await app.NewClient().SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Patience);
    }

    private static Task<TestApplication> StartAsync() => TestApplication.StartAsync(map: app =>
    {
        string[] methods = ["GET", "HEAD"];
        app.MapServerSentEvents("/mapped");
        app.MapMethods("/result", methods, (Publisher publisher) => publisher.ToResult(new()));
        app.MapMethods("/subscription", methods, (Publisher publisher) => publisher.Subscribe().ToResult());
    });
}
