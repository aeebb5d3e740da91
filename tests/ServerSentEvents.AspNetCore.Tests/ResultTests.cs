using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests <see cref="SubscriptionExtensions.ToResult"/>: a result that streams an existing subscription.</summary>
public sealed class ResultTests
{
    [Theory]
    [InlineData("/news/sport", "1.1")]
    [InlineData("/news/sport", "2.0")]
    [InlineData("/controller/sport", "1.1")]
    [InlineData("/controller/sport", "2.0")]
    public async Task ToResult_ReturnedByAHandler_Streams(string path, string version)
    {
        await using var app = await StartAsync();
        using var client = await app.OpenAsync(path, Version.Parse(version));

        app.Publisher.Publish("elsewhere", "politics").Should().Be(0);
        app.Publisher.Publish("hello", "sport").Should().Be(1);

        (await client.NextDataAsync()).Should().Be("hello");
        client.Response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
        client.Dispose();
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers("sport").Count == 0);
    }

    [Fact]
    public async Task ToResult_PublisherIsNotRegistered_Streams()
    {
        using var own = new Publisher<int>();
        await using var app = await TestApplication.StartAsync(_ => { }, app => app.MapGet("/own", () => own.Subscribe().ToResult()));
        using var client = await app.OpenAsync("/own");

        own.Publish("hello");

        (await client.NextDataAsync()).Should().Be("hello");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ToResult_SubscriptionHasAReader_FailsAndKeepsTheReader(bool sameResult)
    {
        using var own = new Publisher();
        var subscription = own.Subscribe();
        await using var app = await TestApplication.StartAsync(_ => { }, app => app.MapGet("/own", () => subscription.ToResult()));
        using var first = sameResult ? await app.OpenAsync("/own") : null;
        await using var reader = sameResult ? null : subscription.GetAsyncEnumerator();

        using var second = await app.NewClient().GetAsync("/own");

        second.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        own.Publish("hello").Should().Be(1);
        app.Log.AboveDebug.Should().Contain(entry => entry.Exception is InvalidOperationException && entry.Level == LogLevel.Error);
    }

    [Fact]
    public async Task ToResult_ExecutedWithoutAServer_WritesTheStream()
    {
        using var own = new Publisher();
        var subscription = own.Subscribe(initialData: ["hello"]);
        subscription.Close();
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };

        await subscription.ToResult().ExecuteAsync(context).WaitAsync(Limits.Patience);

        ((MemoryStream)context.Response.Body).ToArray().Should().Equal("data: hello\n\n"u8.ToArray());
        context.Response.ContentType.Should().Be("text/event-stream");
    }

    [Fact]
    public async Task ToResult_SubscriptionHasEnded_IsAnEmptyStream()
    {
        using var own = new Publisher();
        var subscription = own.Subscribe();
        subscription.Dispose();
        await using var app = await TestApplication.StartAsync(_ => { }, app => app.MapGet("/own", () => subscription.ToResult()));

        using var client = await app.OpenAsync("/own");

        (await client.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task ToResult_ResponseHasStarted_FailsAndEndsTheSubscription()
    {
        using var own = new Publisher();
        await using var app = await TestApplication.StartAsync(_ => { }, app => app.MapGet("/own", async (HttpResponse response) =>
        {
            await response.WriteAsync("begun");
            return own.Subscribe().ToResult();
        }));

        var get = async () => await app.NewClient().GetStringAsync(new Uri("/own", UriKind.Relative)).WaitAsync(Limits.Patience);

        await get.Should().ThrowAsync<HttpRequestException>();
        own.GetSubscribers().Should().BeEmpty();
        app.Log.AboveDebug.Should().Contain(entry => entry.Exception is InvalidOperationException && entry.Level == LogLevel.Error);
    }

    [Fact]
    public async Task Execute_ServicesWithoutAHost_Streams()
    {
        using var own = new Publisher();
        await using var services = new ServiceCollection().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };
        using var body = new MemoryStream();
        context.Response.Body = body;
        var subscription = own.Subscribe();
        own.Publish("hello");
        own.Close();

        await subscription.ToResult().ExecuteAsync(context).WaitAsync(Limits.Patience);

        body.ToArray().Should().Equal("data: hello\n\n"u8.ToArray());
    }

    [Fact]
    public void Result_Properties_AreSubscriptionStatusAndType()
    {
        var subscription = new Publisher().Subscribe();

        var result = subscription.ToResult();

        result.Subscription.Should().BeSameAs(subscription);
        result.StatusCode.Should().Be((int)HttpStatusCode.OK);
        result.ContentType.Should().Be("text/event-stream");
    }

    private static Task<TestApplication> StartAsync() => TestApplication.StartAsync(
        builder =>
        {
            builder.Services.AddServerSentEvents();
            builder.Services.AddControllers().AddApplicationPart(typeof(NewsController).Assembly);
        },
        app =>
        {
            app.MapGet("/news/{topic}", (string topic, Publisher publisher) => publisher.Subscribe(topic).ToResult());
            app.MapControllers();
        });
}
