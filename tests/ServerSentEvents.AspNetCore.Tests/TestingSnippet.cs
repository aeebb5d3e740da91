using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Contains, word for word, the tests that the README shows.</summary>
public sealed class TestingSnippet
{
    [Fact]
    public async Task Subscribe_EventIsPublished_GetsItUntilTheMaximumAge()
    {
        var time = new FakeTimeProvider();
        await using var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(web => web.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.Configure<EventStreamOptions>(options => options.MaxStreamAge = TimeSpan.FromHours(1));
        }));
        using var client = factory.CreateClient();

        // The client is subscribed when the headers have come.
        await using var stream = await client.GetStreamAsync("/subscribe");
        await using var events = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();

        Assert.Equal(1, factory.Services.GetRequiredService<Publisher>().Publish("hello"));
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("hello", events.Current.Data);
        time.Advance(TimeSpan.FromHours(1));
        Assert.False(await events.MoveNextAsync());
    }

    [Fact]
    public async Task OrderAsync_OneProduct_PublishesItToOrders()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe("orders");

        await new Shop(publisher).OrderAsync("tea");

        publisher.Close();
        Assert.Equal("data: tea\n\n", Assert.Single(await subscription.ToArrayAsync()));
    }

    private sealed class Shop(IEventPublisher events)
    {
        public ValueTask OrderAsync(string product) => events.PublishAsync(product, "orders");
    }
}
