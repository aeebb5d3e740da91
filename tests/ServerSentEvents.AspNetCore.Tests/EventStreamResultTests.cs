using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests <see cref="PublisherExtensions.ToResult"/>: a result that subscribes when it is executed.</summary>
public sealed class EventStreamResultTests
{
    [Theory]
    [InlineData("/rooms/sport", "1.1")]
    [InlineData("/rooms/sport", "2.0")]
    [InlineData("/results/sport", "1.1")]
    [InlineData("/actions/sport", "1.1")]
    public async Task ToResult_ReturnedByAHandler_StreamsTheChannel(string path, string version)
    {
        await using var app = await StartAsync();
        using var client = await app.OpenAsync(path, Version.Parse(version));

        app.Publisher.Publish("elsewhere", "politics").Should().Be(0);
        app.Publisher.Publish("hello", "sport").Should().Be(1);

        (await client.NextDataAsync()).Should().Be("hello");
        client.Response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
        client.Dispose();
        await Limits.UntilAsync(() => app.Publisher.GetAllSubscribers().Count == 0);
    }

    [Fact]
    public async Task ToResult_OfAPost_StreamsWhatTheBodyAsksFor()
    {
        await using var app = await TestApplication.StartAsync(map: app => app.MapPost(
            "/prompts", async (HttpRequest request, Publisher publisher) =>
            {
                using var body = new StreamReader(request.Body);
                return publisher.ToResult(new() { Channels = await body.ReadToEndAsync() });
            }));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/prompts") { Content = new StringContent("weather") };
        using var client = await LineClient.OpenAsync(app.NewClient(), request);

        app.Publisher.Publish("sport", "sport");
        app.Publisher.Publish("rain", "weather");

        (await client.NextDataAsync()).Should().Be("rain");
    }

    [Fact]
    public async Task ToResult_HandlerReturnsAnotherResult_LeavesNoSubscription()
    {
        await using var app = await StartAsync();

        using var response = await app.NewClient().GetAsync("/results/none").WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
        app.Publisher.GetAllSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task ToResult_ReplacedByAFilter_LeavesNoSubscription()
    {
        await using var app = await TestApplication.StartAsync(map: app => app
            .MapGet("/events", (Publisher publisher) => publisher.ToResult(new()))
            .AddEndpointFilter(async (context, next) =>
            {
                (await next(context)).Should().BeOfType<EventStreamResult<object?>>();
                return Results.Text("instead");
            }));

        var text = await app.NewClient().GetStringAsync(new Uri("/events", UriKind.Relative)).WaitAsync(Limits.Patience);

        text.Should().Be("instead");
        app.Publisher.GetAllSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task ToResult_LastEventIdHeader_Resumes()
    {
        await using var app = await StartAsync();
        foreach (var id in new[] { "a", "b", "c" })
            app.Publisher.Publish(id, "sport", eventId: id);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/rooms/sport");
        request.Headers.Add("Last-Event-ID", "b");

        using var client = await LineClient.OpenAsync(app.NewClient(), request);

        (await client.NextDataAsync()).Should().Be("c");
    }

    [Fact]
    public async Task ToResult_OneInstanceForAllRequests_SubscribesForEach()
    {
        using var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        var options = new SubscribeOptions<string> { Properties = "shared" };
        var result = publisher.ToResult(options);
        await using var app = await TestApplication.StartAsync(_ => { }, app => app.MapGet("/events", () => result));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Last-Event-ID", "unknown");

        using var first = await LineClient.OpenAsync(app.NewClient(), request);
        using var second = await app.OpenAsync();

        publisher.Publish(properties => properties).Should().Be(2);
        (await first.NextDataAsync()).Should().Be("shared");
        (await second.NextDataAsync()).Should().Be("shared");
        options.LastEventId.Should().BeNull();
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task ToResult_PublisherThatIsNotRegistered_IsDrainedAtTheStop(string version)
    {
        using var own = new Publisher<int>(new PublisherOptions { ReconnectionInterval = TimeSpan.FromSeconds(7) });
        // The clock stands still, so that no client is cut off on a busy machine.
        void Register(WebApplicationBuilder builder) => builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider());
        await using var app = await TestApplication.StartAsync(Register, app =>
        {
            app.MapGet("/result", () => own.ToResult(new()));
            app.MapServerSentEvents("/mapped", own, _ => new SubscribeOptions<int>());
        });
        using var client = await app.OpenAsync("/result", Version.Parse(version));
        using var mapped = await app.OpenAsync("/mapped", Version.Parse(version));
        own.Publish("last").Should().Be(2);

        await app.StopAsync();

        const string expected = "retry: 7000\ndata: last\n\nretry: 7000\n";
        (await client.RestAsync()).Should().Be(expected);
        (await mapped.RestAsync()).Should().Be(expected);
        own.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Closed, "the publisher is drained");
    }

    [Fact]
    public async Task ToResult_DisposedPublisher_AnswersWithARetry()
    {
        var own = new Publisher();
        own.Dispose();
        await using var app = await TestApplication.StartAsync(_ => { }, app => app.MapGet("/events", () => own.ToResult(new())));

        using var client = await app.OpenAsync();

        (await client.RestAsync()).Should().Be("retry: 3000\n");
    }

    [Fact]
    public async Task Execute_WithoutAServer_WritesTheStream()
    {
        using var publisher = new Publisher();
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        var executing = publisher.ToResult(new() { InitialData = [new("hello")] }).ExecuteAsync(context);

        publisher.Close();
        await executing.WaitAsync(Limits.Patience);

        ((MemoryStream)context.Response.Body).ToArray().Should().Equal("data: hello\n\n"u8.ToArray());
    }

    [Fact]
    public async Task Execute_WithoutAServerAndTheConnectionFails_CompletesAndAborts()
    {
        using var publisher = new Publisher();
        var lifetime = new RecordedLifetime();
        var features = new FeatureCollection();
        features.Set<IHttpRequestLifetimeFeature>(lifetime);
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new StartedResponse());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new BrokenConnection()));
        var context = new DefaultHttpContext(features);

        await publisher.ToResult(new() { InitialData = [new("hello")] }).ExecuteAsync(context).WaitAsync(Limits.Patience);

        lifetime.IsAborted.Should().BeTrue();
        publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public void Result_Properties_ArePublisherOptionsStatusAndType()
    {
        using var publisher = new Publisher();
        var options = new SubscribeOptions<object?>();

        var result = publisher.ToResult(options);

        result.Publisher.Should().BeSameAs(publisher);
        result.Options.Should().BeSameAs(options);
        result.StatusCode.Should().Be((int)HttpStatusCode.OK);
        result.ContentType.Should().Be("text/event-stream");
    }

    private static Task<TestApplication> StartAsync() => TestApplication.StartAsync(
        builder =>
        {
            builder.Services.AddServerSentEvents(options => options.HistoryCapacity = 10);
            builder.Services.AddControllers().AddApplicationPart(typeof(NewsController).Assembly);
        },
        app =>
        {
            app.MapGet("/rooms/{room}", (string room, Publisher publisher) => publisher.ToResult(new() { Channels = room }));
            app.MapGet("/results/{room}", Results<EventStreamResult<object?>, NotFound> (string room, Publisher publisher) =>
                room == "none" ? TypedResults.NotFound() : publisher.ToResult(new() { Channels = room }));
            app.MapControllers();
        });

    /// <summary>A response that has started. The default one never says so.</summary>
    private sealed class StartedResponse : HttpResponseFeature
    {
        public override bool HasStarted => true;
    }

    /// <summary>The lifetime of a request. Records that the request was aborted.</summary>
    private sealed class RecordedLifetime : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; }

        internal bool IsAborted { get; private set; }

        public void Abort() => IsAborted = true;
    }

    /// <summary>A body whose connection fails.</summary>
    private sealed class BrokenConnection : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("broken", new SocketException());
    }
}
