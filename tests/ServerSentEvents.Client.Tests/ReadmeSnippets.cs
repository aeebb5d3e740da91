using System.Net.ServerSentEvents;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Client.Tests;

/// <summary>Contains, word for word, the code that the README shows.</summary>
public sealed class ReadmeSnippets
{
    [Fact]
    public async Task FirstLines_Run_ReadTheEvents()
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Stream("retry: 100\ndata: a\n\n"), ScriptedHandler.Status(404));
        using var http = new HttpClient(handler);

        var read = async () =>
        {
            var client = new EventStreamClient(http);
            await foreach (var item in client.ReadAsync(new Uri("https://example.com/events")))
                Console.WriteLine($"{item.EventType}: {item.Data}");
        };

        (await read.Should().ThrowAsync<EventStreamException>()).Which.Message.Should().Contain("404");
    }

    [Fact]
    public async Task RequestsOfYourOwn_Run_SendTheToken()
    {
        using var handler = ScriptedHandler.Of("data: a\n\n");
        var client = TestClient.NewWithoutWaits(handler);

        await foreach (var item in client.ReadAsync(async token =>
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "https://example.com/search") { Content = new StringContent("cats") };
            request.Headers.Authorization = new("Bearer", await GetTokenAsync(token));    // GetTokenAsync is your code
            return request;
        }))
        {
            Console.WriteLine(item.Data);
        }

        handler.Requests.Should().HaveCount(2).And.OnlyContain(request => request.Headers["Authorization"] == "Bearer secret");

        static Task<string> GetTokenAsync(CancellationToken token) => Task.FromResult("secret");
    }

    [Fact]
    public async Task Json_Run_ReadsPrices()
    {
        using var handler = ScriptedHandler.Of("data: {\"Name\":\"a\",\"Value\":1}\n\n");
        var client = TestClient.NewWithoutWaits(handler);

        await foreach (var item in client.ReadJsonAsync(new Uri("https://example.com/prices"), PriceJson.Default.Price))
            Console.WriteLine($"{item.Data.Name}: {item.Data.Value}");

        handler.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task Continue_Run_StartsWithTheStoredId()
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Stream("id: 2\ndata: b\n\n"), ScriptedHandler.Status(204));
        using var http = new HttpClient(handler);
        var uri = TestClient.Uri;
        var storedId = (string?)"1";

        var read = async () =>
        {
            var client = new EventStreamClient(http, new EventStreamClientOptions { LastEventId = storedId });
            await foreach (var item in client.ReadAsync(uri))
            {
                Process(item);
                storedId = item.EventId;
            }
        };

        await read.Should().ThrowAsync<FormatException>();
        storedId.Should().Be("1", "the event was not processed");
        handler.Requests.Select(request => request.LastEventId).Should().Equal("1");

        static void Process(SseItem<string> item) => throw new FormatException(item.Data);
    }

    [Fact]
    public async Task ShouldReconnect_Run_EndsAtTheEndOfTheStream()
    {
        var options = new EventStreamClientOptions
        {
            ShouldReconnect = end => end.IsTemporary && end.FailedAttempts < 10 && end.Reason != EventStreamEndReason.EndOfStream,
            Disconnected = end => Console.WriteLine(end.Delay is { } delay ? $"{end.Message} Next attempt in {delay}." : end.Message),
        };

        using var handler = ScriptedHandler.Of("data: a\n\n");
        (await TestClient.ReadAllAsync(handler, options)).Should().ContainSingle();
        handler.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task Services_Run_GiveTheClientItsAddressAndLog()
    {
        using var handler = ScriptedHandler.Of();
        using var log = new TestLog();
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(log);
        services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => handler));
        var address = TestClient.Uri;

        services.AddSingleton(provider => new EventStreamClientOptions { LoggerFactory = provider.GetRequiredService<ILoggerFactory>() });
        services.AddHttpClient<EventStreamClient>(http => http.BaseAddress = address);

        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<EventStreamClient>();
        (await client.ReadAsync(new Uri("", UriKind.Relative)).ToArrayAsync()).Should().BeEmpty("the server answers 204");
        handler.Requests.Should().ContainSingle();
        log.Entries.Should().Contain(entry => entry.Category == "ServerSentEvents.Client");
    }

    [Fact]
    public async Task ParserAlone_Run_ReadsOneResponse()
    {
        var body = new ScriptedBody([[.. "data: a\n\n"u8]]);
        using var response = ScriptedHandler.Response(body);

        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
            Console.WriteLine(item.Data);

        body.IsDisposed.Should().BeFalse("the response is the caller's");
    }
}

internal sealed record Price(string Name, decimal Value);

[JsonSerializable(typeof(Price))]
internal sealed partial class PriceJson : JsonSerializerContext;
