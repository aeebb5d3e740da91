using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Clients that leave, each in its own way: a server has nothing to complain of.</summary>
public sealed class ClientGoneTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Gone_Http11_HasUnsubscribedWithoutAnEvent(bool byReset, bool amidEvents)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events");
        await client.ReadToAsync("\r\n\r\n");
        if (amidEvents)
            app.Publisher.Publish(new string('x', 5_000_000));
        var subscription = app.Publisher.GetSubscribers().Single();

        if (byReset)
            client.Abort();
        else
            client.Finish();

        await ShouldHaveLeftAsync(app, subscription);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Gone_Http2ByResetOfTheStream_HasUnsubscribedAndLeavesTheConnection(bool amidEvents)
    {
        await using var app = await TestApplication.StartAsync(builder =>
            builder.Services.AddServerSentEvents(options => options.QueueCapacityBytes = long.MaxValue));
        var http = app.NewClient(HttpVersion.Version20);
        using var staying = await EventStreamClient.OpenAsync(http, "/events");
        var leaving = await EventStreamClient.OpenAsync(http, "/events");
        if (amidEvents)
            app.Publisher.Publish(new string('x', 5_000_000));
        var subscription = app.Publisher.GetSubscribers()[1];

        leaving.Dispose();

        await Eventually.HoldsAsync(() => app.Publisher.GetSubscribers().Count == 1);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
        app.Publisher.Publish("hello").Should().Be(1);
        if (amidEvents)
            await staying.NextDataAsync();
        (await staying.NextDataAsync()).Should().Be("hello");
        app.Log.AboveDebug.Should().BeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Gone_Http2WithItsConnection_HasUnsubscribed(bool byReset)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync(HttpVersion.Version20);
        await client.GetByHttp2Async("/events");
        await client.ReadToAsync("text/event-stream");
        var subscription = app.Publisher.GetSubscribers().Single();

        if (byReset)
            client.Abort();
        else
            client.Finish();

        await ShouldHaveLeftAsync(app, subscription);
    }

    [Fact]
    public async Task Gone_BeforeTheHeaders_SubscribesNobodyForLong()
    {
        await using var app = await TestApplication.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            using var client = await app.ConnectAsync();
            await client.GetAsync("/events");
            client.Abort();
        }

        using var last = await app.OpenAsync();
        await Eventually.HoldsAsync(() => app.Publisher.GetSubscribers().Count == 1);
        app.Log.AboveDebug.Should().BeEmpty();
    }

    [Fact]
    public async Task Gone_HandlerOfUnsubscribedThrows_IsLoggedAsAnErrorOfThisPackage()
    {
        await using var app = await TestApplication.StartAsync();
        app.Publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("Sorry.");
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events");
        await client.ReadToAsync("\r\n\r\n");

        client.Abort();

        await Eventually.HoldsAsync(() => app.Log.AboveDebug.Any());
        app.Log.AboveDebug.Should().ContainSingle().Which.Should().Match<LogEntry>(entry =>
            entry.Category == CapturedLog.OurCategory && entry.Id == 8 && entry.Exception is AggregateException);
    }

    [Fact]
    public async Task Gone_DidNotKeepUp_IsLoggedOnce()
    {
        await using var app = await TestApplication.StartAsync(builder => builder.Services.AddServerSentEvents(
            options => (options.QueueCapacity, options.QueueOverflow) = (1, QueueOverflow.DropNewest)));
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events");
        await client.ReadToAsync("\r\n\r\n");
        var subscription = app.Publisher.GetSubscribers().Single();
        var text = new string('x', 1_000_000);
        while (subscription.DroppedEvents < 3)
            app.Publisher.Publish(text);

        client.Abort();

        await Eventually.HoldsAsync(() => app.Log.AboveDebug.Any());
        app.Log.AboveDebug.Should().ContainSingle().Which.Message.Should().Contain($"{subscription.DroppedEvents} events were dropped");
    }

    private static async Task ShouldHaveLeftAsync(TestApplication app, Subscription<object?> subscription)
    {
        await Eventually.HoldsAsync(() => subscription.EndReason is not null);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
        app.Publisher.GetSubscribers().Should().BeEmpty();
        await Eventually.HoldsAsync(() => app.Log.Ours.Any(entry => entry.Id == 2), "its end is logged");
        app.Log.Ours.Select(entry => entry.Id).Should().Equal(1, 3, 2);
        await app.StopAsync();
        app.Log.AboveDebug.Where(entry => entry.Id != 6 || entry.Category != CapturedLog.OurCategory).Should().BeEmpty();
    }
}
