using System.Text;
using System.Text.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests that the parsers of clients return the published events for every cut of the stream.</summary>
public sealed class ParserTests(Chromium chromium, ParserScripts scripts)
    : IClassFixture<Chromium>, IClassFixture<ParserScripts>, IAsyncLifetime
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    private ParserStream _stream = null!;

    public async Task InitializeAsync() => _stream = await ParserStream.MakeAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    [Trait("Statement", "13")]
    [Trait("Statement", "14")]
    [Trait("Statement", "15")]
    public void Stream_BeforeCut_ContainsBareFieldsAndCommentsBetweenEvents()
    {
        var text = Encoding.UTF8.GetString(_stream.Bytes);

        text.Should().StartWith($"retry: 1234\nid: {_stream.Position}\nevent: t\u00FDpe\ndata: \ndata: a\n");
        text.Should().Contain("\n\n:\ndata:", "the colon alone is the heartbeat").And.Contain("\n\n: c\n: data: no\n: \n");
    }

    [SkippableFact]
    public async Task Parse_StreamCutAtAnyByte_EventSourceGetsTheSameEvents()
    {
        await using var server = await CutStreamServer.StartAsync(_stream.Bytes);
        var page = await chromium.OpenAsync(server.Address);
        await server.WatchAsync(page);

        // A browser opens at most six connections to one host. At the end of a stream, an EventSource raises "error".
        var json = await page.EvaluateAsync<string>(
            """
            async ([length, types]) => {
              const results = [];
              let next = 1;
              const read = cut => new Promise(resolve => {
                const events = [];
                const source = new EventSource("/stream?cut=" + cut);
                for (const type of types)
                  source.addEventListener(type, event => events.push([event.type, event.data, event.lastEventId]));
                source.addEventListener("error", () => {
                  source.close();
                  resolve(events);
                });
              });
              const work = async () => {
                while (next < length) {
                  const cut = next++;
                  results[cut - 1] = await read(cut);
                }
              };
              await Promise.all(Array.from({ length: 6 }, work));
              return JSON.stringify(results);
            }
            """,
            new object[] { _stream.Bytes.Length, _stream.Events.Select(each => each.Type).Distinct().ToArray() }).WaitAsync(Limits.Patience);

        AssertEachIsWhole(JsonSerializer.Deserialize<string[][][]>(json)!);
        server.CutStreams.Should().Be(_stream.Bytes.Length - 1, "each stream came in two parts");
    }

    [SkippableFact]
    public async Task Parse_StreamCutAtAnyByte_EventSourceParserReturnsTheSameEvents()
    {
        var output = await scripts.RunAsync("parse.mjs", _stream.Bytes);
        var results = JsonSerializer.Deserialize<Parsed[]>(output, CamelCase)!;

        AssertEachIsWhole([.. results.Select(result => result.Events)]);
        results.Should().OnlyContain(result => result.Retries.SequenceEqual(
            new[] { ParserStream.ReconnectionMilliseconds, ParserStream.ReconnectionMilliseconds }));
    }

    private void AssertEachIsWhole(string[][][] results)
    {
        results.Should().HaveCount(_stream.Bytes.Length - 1);
        for (var i = 0; i < results.Length; i++)
            results[i].Select(ParsedEvent.Of).Should().Equal(_stream.Events, "the cut is at {0}", i + 1);
    }

    private sealed record Parsed(int[] Retries, string[][] Events);
}
