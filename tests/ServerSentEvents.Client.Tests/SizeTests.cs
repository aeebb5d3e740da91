using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests that no server can make a client use much memory.</summary>
[Collection(nameof(RunAlone))]
public sealed class SizeTests
{
    [Theory]
    [InlineData("data: 4567890\n\n", 13, "one line")]
    [InlineData("data: 456789\ndata: 456789\n\n", 19, "a line, and the line before without its name")]
    [InlineData("event: 45678\ndata: 4567\n\n", 15, "the type")]
    [InlineData("id: 456\ndata: 4567\n\n", 13, "the id")]
    [InlineData("data: a\n: 4567890123\n\n", 14, "a comment, which is held until its end")]
    public async Task Read_SizeOfAnEvent_CountsWhatIsHeld(string stream, int bytes, string because)
    {
        foreach (var size in (int[])[1, 5, 100])
        {
            (await ReadAsync(stream, size, bytes)).Should().ContainSingle(because);
            var read = () => ReadAsync(stream, size, bytes - 1);
            var thrown = (await read.Should().ThrowAsync<EventStreamException>(because)).Which;
            thrown.Reason.Should().Be(EventStreamEndReason.EventTooLarge);
            thrown.Message.Should().Contain($"MaxEventBytes ({bytes - 1} bytes)");
        }
    }

    [Fact]
    public async Task Read_ManySmallEvents_AreNotCountedTogether() =>
        (await ReadAsync(string.Concat(Enumerable.Repeat("event: a\nid: 1\ndata: b\n\n", 1_000)), 10, 9)).Should().HaveCount(1_000);

    [Fact]
    public async Task Read_LargeEvent_LeavesNoMemoryBehind()
    {
        var large = new string('x', 10_000_000);
        var (memory, isWhole) = (new List<long>(), false);
        using var handler = new ScriptedHandler(
            ScriptedHandler.Body(() => new ScriptedBody(Chunks($"data: a\n\ndata: {large}\n\ndata: a\n\n", 8_000))));

        await foreach (var item in TestClient.NewWithoutWaits(handler).ReadAsync(TestClient.Uri))
            Process(item);

        isWhole.Should().BeTrue();
        memory.Should().HaveCount(2);
        (memory[1] - memory[0]).Should().BeLessThan(5_000_000, "a buffer of the large event would be 10 MB or more");
        GC.KeepAlive(large);

        // A separate method keeps no reference to the large event.
        void Process(SseItem<string> item)
        {
            if (item.Data == "a")
                memory.Add(GC.GetTotalMemory(forceFullCollection: true));
            else
                isWhole = item.Data == large;
        }
    }

    [Fact]
    public async Task Read_LineWithoutEnd_ThrowsAndDisconnects()
    {
        var line = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        await using var server = new SocketServer(async exchange =>
        {
            await exchange.SendAsync(SocketServer.Head + "data: ");
            while (true)
                await exchange.SendAsync(line);
        });
        using var http = new HttpClient();

        var read = () => new EventStreamClient(http).ReadAsync(server.Address).ToArrayAsync();

        (await read.Should().ThrowAsync<EventStreamException>()).Which.Reason.Should().Be(EventStreamEndReason.EventTooLarge);
        server.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task Read_IdOfAMegabyte_IsNotSentBack()
    {
        var id = new string('x', 1_000_000);
        await using var server = new SocketServer(exchange => exchange.Number <= 2
            ? exchange.SendAsync($"{SocketServer.Head}id: {exchange.Number}\ndata: a\n\nid: {id}\ndata: b\n\n")
            : exchange.SendStatusAsync(204));
        using var http = new HttpClient();

        var events = await new EventStreamClient(http, TestClient.Quick).ReadAsync(server.Address).ToArrayAsync();

        events.Select(item => item.EventId).Should().Equal("1", id, "2", id);
        server.Requests.Should().HaveCount(3).And.OnlyContain(request => request.Length < 1_000);
        server.Requests.Last().Should().Contain("Last-Event-ID: 2\r\n");
    }

    private static Task<SseItem<string>[]> ReadAsync(string stream, int chunkSize, int maxEventBytes) =>
        TestClient.ReadAllAsync(
            new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody(Chunks(stream, chunkSize)))),
            new() { MaxEventBytes = maxEventBytes });

    private static IEnumerable<byte[]> Chunks(string stream, int size) => Encoding.UTF8.GetBytes(stream).Chunk(size);
}
