using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests subscriptions with the result of ASP.NET Core for event streams, which frames its items.</summary>
public sealed class TypedResultsTests
{
    [Fact]
    public async Task ServerSentEvents_Items_AreFramedOnce() =>
        (await StreamOf("/items")).Should().Contain("data: hello\n").And.NotContain("data: data:");

    [Fact]
    public async Task ServerSentEvents_FramedStrings_AreFramedTwice() =>
        (await StreamOf("/strings")).Should().Contain("data: data: hello", "the README warns of this mistake");

    private static async Task<string> StreamOf(string path)
    {
        using var publisher = new Publisher();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");

        app.MapGet("/items", () => TypedResults.ServerSentEvents(publisher.Subscribe().AsItems()));
        app.MapGet("/strings", () => TypedResults.ServerSentEvents(publisher.Subscribe()));

        // Each subscriber gets one event and then the end of the stream.
        publisher.Subscribed += (_, _) =>
        {
            publisher.Publish("hello");
            publisher.Close();
        };
        await app.StartAsync().WaitAsync(Limits.Patience);
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(app.Urls.Single() + path)).WaitAsync(Limits.Patience);
    }
}
