using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>
/// Tests the attacks of advisories against other libraries. The text of a user never becomes a field or an event, for a parser that
/// does not belong to this library.
/// </summary>
public sealed class AdvisoryTests
{
    public static TheoryData<string, string> Data => new()
    {
        { "CVE-2026-33128", "bob: hi\n\nevent: system\ndata: Reset: evil.example\n\n" },
        { "CVE-2026-33128", "bob: hi\nretry: 1\nid: 9" },
        { "GHSA-4hxc-9384-m385", "bob: hi\r\revent: system\rdata: Reset: evil.example\r\r" },
        { "GHSA-4hxc-9384-m385", "bob: hi\revent: admin\rretry: 1" },
        { "CVE-2026-22735", "a\r\n\r\ndata: forged\r\n\r\n" },
        { "CVE-2026-22735", "a\n\r\ndata: forged\r" },
        { "fanout/django-eventstream#185", "a\revent: spoofed\rdata: b" },
    };

    [Theory]
    [MemberData(nameof(Data))]
    public async Task Publish_DataOfAnAdvisory_IsOneEventWithThatText(string advisory, string data)
    {
        var item = new SseItem<string>(data, "chat") { EventId = "1" };

        var received = Parsing.Whole(await Wire.TextOf(item));

        // A parser returns each line end as a line feed.
        var lines = data.ReplaceLineEndings("\n");
        received.Should().Equal([new ReceivedEvent(lines, "chat", "1", ReconnectionInterval: null)], advisory);
    }

    [Theory]
    [MemberData(nameof(Data))]
    public async Task PublishJson_DataOfAnAdvisory_IsOneEventOfOneLine(string advisory, string data)
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe();
        publisher.PublishJson(new Note(data, 1), TestJson.Default.Note, eventType: "chat", eventId: "1");
        publisher.Close();

        var text = string.Concat(await subscription.ToArrayAsync());

        text.Split('\n').Should().HaveCount(5, "{0}: there are a type, one data line, an id and a blank line", advisory);
        Parsing.Whole(text).Should().ContainSingle().Which.Type.Should().Be("chat");
    }

    [Theory]
    [InlineData("CVE-2026-33128", "hi\n\nevent: admin\ndata: forged\n\n")]
    [InlineData("GHSA-4hxc-9384-m385", "hi\r\revent: admin\rdata: forged\r\r")]
    public async Task PublishComment_TextOfAnAdvisory_IsNoEvent(string advisory, string comment)
    {
        var stream = await Wire.TextOfComment(comment) + await Wire.TextOf("real");

        Parsing.Whole(stream).Select(received => (received.Type, received.Data)).Should().Equal([("message", "real")], advisory);
    }

    [Theory]
    [InlineData("CVE-2026-33128", "message\nevent: admin\ndata: ALL_USERS_HACKED\n\n")]
    [InlineData("CVE-2026-29085", "chat\r\ndata: forged")]
    [InlineData("CVE-2026-35515", "x\rdata: forged\r\r")]
    [InlineData("CVE-2026-44214", "message\nevent: admin\ndata: {\"role\":\"admin\"}")]
    [InlineData("CVE-2026-44217", "x\n\ndata: forged\n\n")]
    [InlineData("javalin/javalin#2579", "x\nretry: 1")]
    public void Publish_TypeOrIdOfAnAdvisory_IsRefused(string advisory, string text)
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe();
        foreach (var publish in new Action[]
        {
            () => publisher.Publish("data", eventType: text),
            () => publisher.Publish("data", eventId: text),
            () => publisher.PublishJson(new Note("data", 1), TestJson.Default.Note, eventType: text),
            () => publisher.PublishJson(new Note("data", 1), TestJson.Default.Note, eventId: text),
            () => publisher.Publish(ForgedItems.WithType(text)),
            () => publisher.Publish(ForgedItems.WithId(text)),
        })
        {
            publish.Should().Throw<ArgumentException>(advisory);
        }

        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public async Task Publish_LargestReconnectionInterval_IsWrittenAsANumber()
    {
        // CVE-2026-29085 and CVE-2026-44217: here, a retry interval is a TimeSpan, and no text.
        var text = await Wire.TextOf(new SseItem<string>("x") { ReconnectionInterval = TimeSpan.MaxValue });

        text.Should().Be("data: x\nretry: 2147483647\n\n");
    }
}
