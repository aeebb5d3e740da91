using System.Text;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests that streams are parsed by the standard, however their bytes arrive.</summary>
public sealed class ParsingTests
{
    public static TheoryData<string> Statements => [.. ParsingCase.All.Select(example => example.Statement)];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task Read_StreamOfTheStandard_ReturnsItsEventsForAllChunks(string statement)
    {
        var example = ParsingCase.All.Single(candidate => candidate.Statement == statement);
        foreach (var chunks in Chunkings(Encoding.UTF8.GetBytes(example.Stream)))
        {
            using var handler = new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody(chunks)));

            var events = await TestClient.ReadAllAsync(handler);

            var because = $"the chunks are {string.Join(',', chunks.Select(chunk => chunk.Length))}";
            events.Select(item => $"{item.EventType}|{item.Data}|{item.EventId}").Should().Equal(example.Events, because);
            events.Should().NotContain(item => item.EventId == "", "an item without an id has null");
            handler.Requests.Last().LastEventId.Should().Be(example.LastEventId, because);
        }
    }

    [Fact]
    public async Task Read_RandomStreams_AgreesWithTheAlgorithmOfTheStandard()
    {
        string[] parts = ["data", "event", "id", "retry", ":", ": ", ":", " ", "1", "a", "é", "\0", "\uFEFF", "\r", "\n", "\r\n", "\n\n"];
        var random = new Random(5);
        for (var run = 0; run < 3_000; run++)
        {
            var stream = Encoding.UTF8.GetBytes(string.Concat(random.GetItems(parts, random.Next(60))));
            if (run % 3 == 0 && stream.Length > 0)
                stream[random.Next(stream.Length)] = (byte)random.Next(256);
            var expected = new NaiveParser();
            expected.Parse(stream);
            var chunks = Cut(stream, [.. Enumerable.Range(1, stream.Length).Where(_ => random.Next(4) == 0).Where(at => at < stream.Length)]);
            using var handler = new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody(chunks)));

            var events = await TestClient.ReadAllAsync(handler);

            var because = $"run {run} is {Convert.ToHexString(stream)}";
            events.Select(item => $"{item.EventType}|{item.Data}|{item.EventId}").Should().Equal(expected.Events, because);
            if (expected.LastEventId.All(character => character is > ' ' and <= '~'))
                (handler.Requests.Last().LastEventId ?? "").Should().Be(expected.LastEventId, because);
        }
    }

    [Fact]
    public async Task Read_InvalidUtf8_BecomesReplacementCharacters()
    {
        byte[] stream = [.. "data: a"u8, 0xFF, .. "\ndata: "u8, 0xE2, 0x80, .. "\n\n"u8];
        foreach (var chunks in Chunkings(stream))
        {
            using var handler = new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody(chunks)));

            TestClient.DataOf(await TestClient.ReadAllAsync(handler)).Should().Equal("a\uFFFD\n\uFFFD");
        }
    }

    [Fact]
    public async Task Read_SeveralConnections_KeepsTheIdAndNothingElse()
    {
        using var handler = ScriptedHandler.Of(
            "id: 1\ndata: a\n\nevent: x\nid: 2\ndata: x", "data: b\r", "\uFEFFdata: c\n\n", "id:\n\n", "data: d\n\n");

        var events = await TestClient.ReadAllAsync(handler);

        events.Select(item => $"{item.EventType}|{item.Data}|{item.EventId}").Should().Equal(
            "message|a|1", "message|c|1", "message|d|");
        handler.Requests.Select(request => request.LastEventId).Should().Equal(null, "1", "1", "1", null, null);
    }

    [Fact]
    public async Task Read_CommentsWithoutEnd_NeedNoMemory()
    {
        var comments = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(":\n: comment\nunknown: x\nid: 7\n", 200)));
        using var handler = new ScriptedHandler(
            ScriptedHandler.Body(() => new ScriptedBody(Enumerable.Repeat(comments, 2_000).Append([.. "data: a\n\n"u8]))));

        var events = await TestClient.ReadAllAsync(handler, new() { MaxEventBytes = 20 });

        events.Should().ContainSingle().Which.EventId.Should().Be("7");
    }

    /// <summary>Returns all ways to cut short bytes, and for longer ones each one and two cuts, and single bytes.</summary>
    private static IEnumerable<byte[][]> Chunkings(byte[] bytes)
    {
        const int shortLength = 9;
        if (bytes.Length <= shortLength)
        {
            for (var cuts = 0; cuts < 1 << (bytes.Length - 1); cuts++)
                yield return Cut(bytes, [.. Enumerable.Range(1, bytes.Length - 1).Where(at => (cuts >> (at - 1) & 1) == 1)]);
            yield break;
        }

        yield return [.. bytes.Select(value => new[] { value })];
        for (var first = 0; first < bytes.Length; first++)
        {
            for (var second = first; second < bytes.Length; second++)
                yield return Cut(bytes, first, second);
        }
    }

    private static byte[][] Cut(byte[] bytes, params int[] cuts)
    {
        int[] starts = [0, .. cuts.Where(cut => cut > 0).Distinct()];
        return [.. starts.Select((start, index) => bytes[start..(index + 1 < starts.Length ? starts[index + 1] : bytes.Length)])];
    }
}
