using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests the reading of JSON.</summary>
public sealed partial class JsonTests
{
    [Fact]
    public async Task ReadJson_Objects_KeepsTypesAndIds()
    {
        using var handler = ScriptedHandler.Of("event: price\nid: 1\ndata: {\"Name\":\"a\",\ndata: \"Value\":2}\n\ndata: {\"Name\":\"b\"}\n\n");

        var items = await ReadAsync(handler);

        items.Select(item => (item.EventType, item.EventId, item.Data)).Should().Equal(
            ("price", "1", new Price("a", 2)), ("message", "1", new Price("b", 0)));
        handler.Requests.Last().LastEventId.Should().Be("1");
    }

    [Fact]
    public async Task ReadJson_EmptyDataAndNull_AreTheDefault()
    {
        using var handler = ScriptedHandler.Of("event: gap\ndata:\n\ndata: null\n\n");

        (await ReadAsync(handler)).Select(item => item.Data).Should().OnlyContain(data => data == null).And.HaveCount(2);
    }

    [Theory]
    [InlineData("[DONE]")]
    [InlineData("{\"Name\":")]
    [InlineData("3")]
    public async Task ReadJson_OtherData_ThrowsWithTheId(string data)
    {
        using var handler = ScriptedHandler.Of($"id: 7\nevent: x\ndata: {data}\n\n");

        var read = () => ReadAsync(handler);

        var thrown = (await read.Should().ThrowAsync<EventStreamException>()).Which;
        thrown.InnerException.Should().BeOfType<JsonException>();
        thrown.LastEventId.Should().Be("7");
        thrown.Reason.Should().BeNull();
        thrown.Message.Should().Contain("'x'").And.Contain("Price");
        handler.Bodies.Should().OnlyContain(body => body.IsDisposed);
    }

    [Fact]
    public async Task ReadJson_FunctionAndToken_ArePassedOn()
    {
        using var handler = ScriptedHandler.Of("data: 1\n\n");
        using var canceled = new CancellationTokenSource();
        var values = new List<int>();

        var read = async () =>
        {
            var items = TestClient.New(handler).ReadJsonAsync(
                _ => new(new HttpRequestMessage(HttpMethod.Post, TestClient.Uri)), TestJson.Default.Int32, canceled.Token);
            await foreach (var item in items)
            {
                values.Add(item.Data);
                await canceled.CancelAsync();
            }
        };

        await read.Should().ThrowAsync<OperationCanceledException>();
        values.Should().Equal(1);
        handler.Requests.Should().ContainSingle().Which.Method.Should().Be(HttpMethod.Post);
    }

    private static Task<SseItem<Price>[]> ReadAsync(ScriptedHandler handler) =>
        TestClient.NewWithoutWaits(handler).ReadJsonAsync(TestClient.Uri, TestJson.Default.Price).ToArrayAsync();

    internal sealed record Price(string Name, int Value);

    [JsonSerializable(typeof(int))]
    [JsonSerializable(typeof(Price))]
    private sealed partial class TestJson : JsonSerializerContext;
}
