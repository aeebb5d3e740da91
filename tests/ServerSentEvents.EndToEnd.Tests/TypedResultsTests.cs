using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>ASP.NET Core's own result for event streams, which frames what it is given.</summary>
public sealed class TypedResultsTests
{
    [Fact]
    public async Task ServerSentEvents_AsItems_AreFramedOnce() =>
        (await StreamOf("/items")).Should().Contain("data: hello\n").And.NotContain("data: data:");

    [Fact]
    public async Task ServerSentEvents_StringsThatAreFramedAlready_AreFramedTwice() =>
        (await StreamOf("/strings")).Should().Contain("data: data: hello", "that is what the README warns of");

    private static async Task<string> StreamOf(string path)
    {
        using var publisher = new Publisher();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");

        app.MapGet("/items", () => TypedResults.ServerSentEvents(publisher.Subscribe().AsItems()));
        app.MapGet("/strings", () => TypedResults.ServerSentEvents(publisher.Subscribe()));

        // The stream is whole once the subscriber is there: it gets one event, and then the end.
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
