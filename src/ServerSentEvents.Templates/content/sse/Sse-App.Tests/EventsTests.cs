using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Testing;
using Xunit;

namespace Sse_App.Tests;

public sealed class EventsTests
{
    [Fact]
    public async Task Events_NewClient_ReceivesATick()
    {
        await using var factory = new WebApplicationFactory<Program>();
        using var client = factory.CreateClient();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));

        await using var stream = await client.GetStreamAsync("/events", timeout.Token);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(timeout.Token))
        {
            Assert.Equal("tick", item.EventType);
            using var tick = JsonDocument.Parse(item.Data);
            Assert.True(tick.RootElement.GetProperty("number").GetInt32() > 0);
            return;
        }

        Assert.Fail("The stream ended before the first event.");
    }
}
