using System.Net;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the overloads of <c>MapServerSentEvents</c>, and the function that returns the options of a request.</summary>
public sealed class EndpointTests
{
    public static TheoryData<string> Versions => new("1.1", "2.0");

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("Statement", "22")]
    public async Task Map_PatternAlone_StreamsTheDefaultChannel(string version)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.OpenAsync(version: Version.Parse(version));

        (await client.NextLineAsync()).Should().Be(":", "the first byte comes at once");
        app.Publisher.Publish("hello").Should().Be(1);
        (await client.NextLineAsync()).Should().Be("data: hello");
        (await client.NextLineAsync()).Should().BeEmpty();
        client.Response.Version.Should().Be(Version.Parse(version));
    }

    [Fact]
    [Trait("Statement", "22")]
    public async Task Map_FirstEventIsStillBeingMade_FirstByteComesAtOnce()
    {
        using var publisher = new Publisher<string>();
        using var first = publisher.Subscribe(new SubscribeOptions<string> { Properties = "first" });
        using var isSubscribed = new ManualResetEventSlim();
        using var isReleased = new ManualResetEventSlim();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var publishing = OwnThread.RunAsync(() => publisher.Publish(name =>
        {
            if (name == "late")
                reached.SetResult();
            (name == "late" ? isReleased : isSubscribed).Wait(Limits.Patience).Should().BeTrue();
            return name;
        }));
        await using var app = await TestApplication.StartAsync(map: app => app.MapGet("/events", async () =>
        {
            var late = publisher.Subscribe(new SubscribeOptions<string> { Properties = "late" });
            isSubscribed.Set();
            await reached.Task.WaitAsync(Limits.Patience);
            return late.ToResult();
        }));

        using var client = await app.OpenAsync();

        (await client.NextLineAsync()).Should().Be(":");
        isReleased.Set();
        (await client.NextLineAsync()).Should().Be("data: late");
        await publishing;
    }

    [Fact]
    public async Task Map_InitialDataThrowsObjectDisposed_Answers500()
    {
        await using var app = await StartTypedAsync(app => app.MapServerSentEvents<string>(
            "/events", _ => new SubscribeOptions<string> { InitialData = Enumerable.Range(0, 1).Select(NotThere) }));

        using var response = await app.NewClient().GetAsync("/events").WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);

        static SseItem<string> NotThere(int number) => throw new ObjectDisposedException("a database");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Map_ClientIsTurnedAway_DoesNotEnumerateTheInitialData(bool isDisposed)
    {
        var enumerations = 0;
        await using var app = await StartTypedAsync(app => app.MapServerSentEvents<string>(
            "/events", _ => new SubscribeOptions<string> { InitialData = Enumerable.Range(0, 1).Select(Load) }));
        var publisher = app.Services.GetRequiredService<Publisher<string>>();
        if (isDisposed)
            publisher.Dispose();
        else
            publisher.Drain();

        using var client = await app.OpenAsync();

        (await client.RestAsync()).Should().StartWith("retry: ");
        enumerations.Should().Be(0);

        SseItem<string> Load(int number)
        {
            enumerations++;
            return new("initial");
        }
    }

    [Fact]
    public async Task Map_Function_ReceivesTheRequest()
    {
        await using var app = await StartTypedAsync(app => app.MapServerSentEvents<string>(
            "/rooms/{room}/events",
            context => new SubscribeOptions<string>
            {
                Channels = (string)context.Request.RouteValues["room"]!,
                Properties = $"{context.Request.Query["name"]}, {context.Request.Headers["X-From"]}",
            }));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/rooms/attic/events?name=Ann");
        request.Headers.Add("X-From", "Ghent");
        using var client = await LineClient.OpenAsync(app.NewClient(), request);
        var publisher = app.Services.GetRequiredService<Publisher<string>>();

        publisher.Publish("elsewhere", "cellar").Should().Be(0);
        publisher.Publish(properties => properties, "attic").Should().Be(1);

        (await client.NextDataAsync()).Should().Be("Ann, Ghent");
    }

    [Fact]
    public async Task Map_AsynchronousFunction_SubscribesWhenItCompletes()
    {
        var known = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await StartTypedAsync(app => app.MapServerSentEvents<string>("/events", async context =>
        {
            asked.SetResult();
            return new SubscribeOptions<string> { Properties = await known.Task.WaitAsync(context.RequestAborted) };
        }));
        var publisher = app.Services.GetRequiredService<Publisher<string>>();

        var opening = app.OpenAsync();
        await asked.Task.WaitAsync(Limits.Patience);
        publisher.GetSubscribers().Should().BeEmpty();
        known.SetResult("Ann");
        using var client = await opening;
        publisher.Publish(name => name);

        (await client.NextDataAsync()).Should().Be("Ann");
    }

    [Fact]
    public async Task Map_OwnPublisherAndAsynchronousFunction_StreamsItsEvents()
    {
        using var own = new Publisher<string>();
        await using var app = await TestApplication.StartAsync(map: app => app.MapServerSentEvents("/events", own, async context =>
        {
            await Task.Yield();
            return new SubscribeOptions<string> { Properties = context.Request.Query["name"].ToString() };
        }));
        using var client = await app.OpenAsync("/events?name=Ann");

        own.Publish(name => name).Should().Be(1);

        (await client.NextDataAsync()).Should().Be("Ann");
    }

    [Theory]
    [InlineData("/null", "1.1")]
    [InlineData("/null", "2.0")]
    [InlineData("/null-later", "1.1")]
    [Trait("Statement", "17")]
    public async Task Map_FunctionReturnsNull_Answers204(string path, string version)
    {
        await using var app = await StartTypedAsync(app =>
        {
            app.MapServerSentEvents<string>("/null", _ => null);
            app.MapServerSentEvents<string>("/null-later", async _ =>
            {
                await Task.Yield();
                return null;
            });
        });

        using var response = await app.NewClient(Version.Parse(version)).GetAsync(path).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.NoContent);
        response.Headers.CacheControl!.NoStore.Should().BeTrue("a cache would answer 204 to other clients");
        (await response.Content.ReadAsByteArrayAsync()).Should().BeEmpty();
        app.Services.GetRequiredService<Publisher<string>>().GetSubscribers().Should().BeEmpty();
    }

    [Theory]
    [InlineData("/throws")]
    [InlineData("/throws-later")]
    [InlineData("/bad-options")]
    [InlineData("/bad-data")]
    public async Task Map_FunctionThrows_Answers500AndLeavesNoSubscription(string path)
    {
        await using var app = await StartTypedAsync(app =>
        {
            app.MapServerSentEvents<string>("/throws", SubscribeOptions<string>? (_) => throw new InvalidOperationException("Sorry."));
            app.MapServerSentEvents<string>("/throws-later", async _ =>
            {
                await Task.Yield();
                throw new InvalidOperationException("Sorry.");
            });
            app.MapServerSentEvents<string>("/bad-options", _ => new SubscribeOptions<string> { QueueCapacity = 0 });
            app.MapServerSentEvents<string>("/bad-data", _ => new SubscribeOptions<string> { InitialData = BadData() });
        });

        using var response = await app.NewClient().GetAsync(path).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        app.Services.GetRequiredService<Publisher<string>>().GetSubscribers().Should().BeEmpty();
        app.Log.AboveDebug.Should().Contain(entry => entry.Level == LogLevel.Error, "Kestrel logs unhandled exceptions");
    }

    [Fact]
    public async Task Map_FunctionNeverCompletes_DoesNotDelayOtherClients()
    {
        await using var app = await StartTypedAsync(app =>
        {
            app.MapServerSentEvents<string>("/events", _ => new SubscribeOptions<string>());
            app.MapServerSentEvents<string>("/never", async context =>
            {
                await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
                return null;
            });
        });
        using var stuck = await app.ConnectAsync();
        await stuck.GetAsync("/never");
        using var client = await app.OpenAsync();

        app.Services.GetRequiredService<Publisher<string>>().Publish("hello").Should().Be(1);

        (await client.NextDataAsync()).Should().Be("hello");
        stuck.Abort();
    }

    [Fact]
    public async Task Map_OneOptionsInstanceForAllRequests_IsNotChanged()
    {
        var shared = new SubscribeOptions<string> { InitialData = [new("state")] };
        await using var app = await StartTypedAsync(app => app.MapServerSentEvents<string>("/events", _ => shared));

        using var first = await OpenWithLastEventIdAsync(app, "unknown");
        using var second = await app.OpenAsync();

        shared.LastEventId.Should().BeNull();
        var subscribers = app.Services.GetRequiredService<Publisher<string>>().GetSubscribers();
        subscribers.Select(subscriber => subscriber.Resume).Should().Equal(ResumeResult.Gap, ResumeResult.NotRequested);
        (await first.NextDataAsync()).Should().Be("state");
        (await second.NextDataAsync()).Should().Be("state");
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    public async Task Map_OtherMethod_Answers405WithoutASubscription(string method)
    {
        await using var app = await TestApplication.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), "/events");

        using var response = await app.NewClient().SendAsync(request).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        response.Content.Headers.Allow.Should().Equal("GET", "HEAD");
        app.Publisher.GetSubscribers().Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Map_GetWithABody_Streams(string version)
    {
        await using var app = await TestApplication.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events") { Content = new StringContent(new string('x', 100_000)) };
        using var client = await LineClient.OpenAsync(app.NewClient(Version.Parse(version)), request);

        app.Publisher.Publish("hello");

        (await client.NextDataAsync()).Should().Be("hello");
    }

    [Theory]
    [InlineData("/events", "1.1")]
    [InlineData("/events", "2.0")]
    [InlineData("/result", "1.1")]
    [InlineData("/subscription", "1.1")]
    [Trait("Statement", "16")]
    public async Task MaxSubscribers_Reached_AnswersWithARetryOnly(string path, string version)
    {
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddServerSentEvents(options =>
            {
                options.MaxSubscribers = 1;
                options.ReconnectionInterval = TimeSpan.FromSeconds(7);
            }),
            app =>
            {
                app.MapServerSentEvents("/events");
                app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
                app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
            });
        using var first = await app.OpenAsync();

        using var refused = await app.OpenAsync(path, Version.Parse(version));

        (await refused.RestAsync()).Should().Be("retry: 7000\n");
        refused.Response.StatusCode.Should().Be(HttpStatusCode.OK);
        refused.Response.Headers.GetValues("X-Accel-Buffering").Should().Equal("no");
        app.Publisher.GetSubscribers().Should().ContainSingle();
        app.Log.AboveDebug.Should().BeEmpty();
    }

    private static Task<TestApplication> StartTypedAsync(Action<WebApplication> map) => TestApplication.StartAsync(
        builder => builder.Services.AddServerSentEvents<string>(options => options.HistoryCapacity = 10), map);

    private static Task<LineClient> OpenWithLastEventIdAsync(TestApplication app, string id)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Last-Event-ID", id);
        return LineClient.OpenAsync(app.NewClient(), request);
    }

    private static IEnumerable<SseItem<string>> BadData()
    {
        yield return new SseItem<string>("good");
        throw new InvalidOperationException("Sorry.");
    }
}
