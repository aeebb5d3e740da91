using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// Tests that parsers of other projects read random streams as they were published. The environment variable
/// PARSER_EVENTS sets the number of events for each parser.
/// </summary>
public sealed class IndependentParserTests(ParserScripts scripts, GoPrograms go, Chromium chromium)
    : IClassFixture<ParserScripts>, IClassFixture<GoPrograms>, IClassFixture<Chromium>
{
    private const int EventsPerStream = 500;
    private const int StreamsPerRun = 100;
    private const int EventsInChromium = 10_000;

    /// <summary>
    /// The Go package copies all data of an event again for each line of it, so a megabyte of short lines takes it many seconds.
    /// </summary>
    private const int LargeEventBytesForGo = 100_000;

    private static int Streams => Math.Max(
        1, int.Parse(Environment.GetEnvironmentVariable("PARSER_EVENTS") ?? "10000", CultureInfo.InvariantCulture) / EventsPerStream);

    [Fact]
    public async Task RandomStreams_BclSseParser_ReturnsPublishedEvents()
    {
        for (var seed = 0; seed < Streams; seed++)
        {
            var stream = await RandomStream.MakeAsync(seed, EventsPerStream);
            var parser = SseParser.Create(new ChunkedStream(stream));

            var events = new List<ParsedEvent>();
            await foreach (var item in parser.EnumerateAsync())
                events.Add(new(item.EventType, item.Data, parser.LastEventId));

            RandomStream.DigestOf(events).Should().Be(RandomStream.DigestOf(stream.Events), "the seed is {0}", seed);
        }
    }

    [SkippableTheory]
    [InlineData("eventsource-parser")]
    [InlineData("@microsoft/fetch-event-source")]
    [InlineData("eventsource")]
    [InlineData("event-source-polyfill")]
    public async Task RandomStreams_NpmPackage_ReturnsPublishedEvents(string package)
    {
        for (var first = 0; first < Streams; first += StreamsPerRun)
        {
            var (input, streams) = await MakeRunAsync(first);
            var expected = streams.Select(stream => RandomStream.DigestOf(package switch
            {
                "event-source-polyfill" => stream.Events,
                "@microsoft/fetch-event-source" => stream.EventsWithOwnIds.Select(AsReadByFetchEventSource),
                _ => stream.EventsWithOwnIds,
            }));

            var output = await scripts.RunAsync("digest.mjs", input, package);

            output.TrimEnd().Split('\n').Should().Equal(expected, "the first seed is {0}", first);
        }
    }

    [SkippableFact]
    public async Task RandomStreams_GoPackage_ReturnsPublishedEvents()
    {
        for (var first = 0; first < Streams; first += StreamsPerRun)
        {
            var (input, streams) = await MakeRunAsync(first, LargeEventBytesForGo);

            var output = await go.RunAsync("Parsers/digest.go", input);

            output.TrimEnd().Split('\n').Should().Equal(
                streams.Select(stream => RandomStream.DigestOf(stream.EventsWithOwnIds)), "the first seed is {0}", first);
        }
    }

    [SkippableFact]
    public async Task RandomStreams_Chromium_ReturnsPublishedEvents()
    {
        var streams = new List<RandomStream>();
        for (var seed = 0; seed < EventsInChromium / EventsPerStream; seed++)
            streams.Add(await RandomStream.MakeAsync(seed, EventsPerStream));
        await using var server = await ChunkServer.StartAsync(streams);
        var page = await chromium.OpenAsync(server.Address);

        for (var number = 0; number < streams.Count; number++)
        {
            // An EventSource needs a listener for each type. At the end of the stream, it raises "error".
            var digest = await page.EvaluateAsync<string>(
                """
                ([number, types]) => new Promise(resolve => {
                  const parts = [];
                  const source = new EventSource("/stream/" + number);
                  for (const type of types)
                    source.addEventListener(type, ({ type, data, lastEventId }) => {
                      if (data !== undefined)
                        parts.push(`${type}\x01${data}\x01${lastEventId}\x02`);
                    });
                  source.addEventListener("error", async event => {
                    if (event.data !== undefined)
                      return;
                    source.close();
                    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("")));
                    resolve(`${parts.length} ${new Uint8Array(hash).toHex?.() ??
                      [...new Uint8Array(hash)].map(byte => byte.toString(16).padStart(2, "0")).join("")}`);
                  });
                })
                """,
                new object[] { number, streams[number].Events.Select(each => each.Type).Distinct().ToArray() }).WaitAsync(Limits.Patience);

            digest.Should().Be(RandomStream.DigestOf(streams[number].Events), "the seed is {0}", number);
        }
    }

    /// <summary>Returns the streams of one run of a program, and the input of the program.</summary>
    private static async Task<(byte[] Input, List<RandomStream> Streams)> MakeRunAsync(
        int first, int largeEventBytes = RandomStream.LargeEventBytes)
    {
        var input = new MemoryStream();
        var streams = new List<RandomStream>();
        for (var seed = first; seed < Math.Min(Streams, first + StreamsPerRun); seed++)
        {
            streams.Add(await RandomStream.MakeAsync(seed, EventsPerStream, largeEventBytes));
            await input.WriteAsync(streams[^1].ToInput());
        }

        return (input.ToArray(), streams);
    }

    /// <summary>
    /// Returns an event with two faults of this client: it removes a byte order mark at the start of each value, and empty lines
    /// at the start of the data.
    /// </summary>
    private static ParsedEvent AsReadByFetchEventSource(ParsedEvent published) => published with
    {
        Type = WithoutByteOrderMark(published.Type) is { Length: > 0 } type ? type : "message",
        Data = string.Join('\n', published.Data.Split('\n').Select(WithoutByteOrderMark)).TrimStart('\n'),
    };

    private static string WithoutByteOrderMark(string value) => value.StartsWith('\uFEFF') ? value[1..] : value;

    /// <summary>A stream that returns one chunk for each read, as a network does.</summary>
    private sealed class ChunkedStream(RandomStream stream) : MemoryStream(stream.Bytes)
    {
        private int _chunk;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == Length)
                return new(0);
            if (stream.Chunks[_chunk].End.Value <= Position)
                _chunk++;
            return base.ReadAsync(buffer[..Math.Min(buffer.Length, stream.Chunks[_chunk].End.Value - (int)Position)], cancellationToken);
        }
    }
}
