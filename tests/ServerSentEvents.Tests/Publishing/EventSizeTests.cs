using System.Net.ServerSentEvents;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that an event above <see cref="PublisherOptions.MaxEventBytes"/> is refused before anything has changed.
/// </summary>
public sealed class EventSizeTests
{
    private const int MaxEventBytes = 1_000;

    /// <summary>"data: ", LF, and the blank line.</summary>
    private const int Framing = 8;

    private readonly Publisher<string> _publisher = new(
        new PublisherOptions { MaxEventBytes = MaxEventBytes, HistoryCapacity = 10 });

    public static TheoryData<string, int> Limits => new()
    {
        { "x", MaxEventBytes - Framing },
        // Two bytes in UTF-8.
        { "\u00e9", (MaxEventBytes - Framing) / 2 },
        // Each line end becomes LF and another "data: ".
        { "\n", (MaxEventBytes - Framing) / 7 },
        { "\r\n", (MaxEventBytes - Framing) / 7 },
        // A lone surrogate becomes U+FFFD, three bytes.
        { "\ud800", (MaxEventBytes - Framing) / 3 },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public void Publish_DataAtTheLimit_IsAcceptedAndRefusedAboveIt(string unit, int largest)
    {
        var subscription = _publisher.Subscribe();

        _publisher.Publish(Repeat(unit, largest)).Should().Be(1);
        var publish = () => _publisher.Publish(Repeat(unit, largest + 1));

        publish.Should().Throw<ArgumentException>().WithParameterName("data").WithMessage("*MaxEventBytes*");
        subscription.QueuedEvents.Should().Be(1);
    }

    [Fact]
    public void Publish_TypeAndReconnectionInterval_CountTowardsTheLimit()
    {
        // "event: t", "data: ...", "retry: 5000", and the blank line.
        var largest = new string('x', MaxEventBytes - "event: t\ndata: \nretry: 5000\n\n".Length);
        var interval = TimeSpan.FromSeconds(5);
        _publisher.Subscribe();

        _publisher.Publish(new SseItem<string>(largest, "t") { ReconnectionInterval = interval }).Should().Be(1);
        var publish = () => _publisher.Publish(new SseItem<string>(largest + "x", "t") { ReconnectionInterval = interval });

        publish.Should().Throw<ArgumentException>().WithParameterName("item");
    }

    [Fact]
    public void Publish_OwnId_CountsTowardsTheLimit()
    {
        var largest = new string('x', MaxEventBytes - "data: \nid: 7\n\n".Length);
        _publisher.Subscribe();

        _publisher.Publish(new SseItem<string>(largest) { EventId = "7" }).Should().Be(1);
        var publish = () => _publisher.Publish(new SseItem<string>(largest + "x") { EventId = "7" });

        publish.Should().Throw<ArgumentException>().WithParameterName("item");
    }

    [Fact]
    public void PublishComment_AtTheLimit_IsAcceptedAndRefusedAboveIt()
    {
        var subscription = _publisher.Subscribe();

        _publisher.PublishComment(new string('x', MaxEventBytes - 3)).Should().Be(1);
        var tooLong = () => _publisher.PublishComment(new string('x', MaxEventBytes - 2));
        var tooManyLines = () => _publisher.PublishComment(new string('\n', MaxEventBytes / 3));

        tooLong.Should().Throw<ArgumentException>().WithParameterName("comment");
        tooManyLines.Should().Throw<ArgumentException>().WithParameterName("comment");
        subscription.QueuedEvents.Should().Be(1);
        subscription.QueuedBytes.Should().Be(MaxEventBytes);
    }

    [Fact]
    public async Task Publish_TooLargeEvent_ChangesNeitherSubscribersNorTheHistory()
    {
        var subscription = _publisher.Subscribe();
        _publisher.Publish("1");
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        var seen = (await reader.NextAsync()).EventId;
        _publisher.Publish("2");

        for (var i = 0; i < 20; i++)
        {
            var publish = () => _publisher.Publish(new SseItem<string>(new string('\n', MaxEventBytes)) { EventId = $"own {i}" });
            publish.Should().Throw<ArgumentException>();
        }

        _publisher.Publish("3");
        subscription.EndReason.Should().BeNull();
        (await reader.NextAsync()).Data.Should().Be("2");
        (await reader.NextAsync()).Data.Should().Be("3");
        var resumed = Resume(seen);
        resumed.Resume.Should().Be(ResumeResult.Resumed, "the refused events have evicted nothing");
        (await DataOfAsync(resumed)).Should().Equal("2", "3");
        Resume("own 0").Resume.Should().Be(ResumeResult.Gap, "a refused event is not in the history");
    }

    [Fact]
    public void Subscribe_TooLargeInitialData_ThrowsAndSubscribesNothing()
    {
        var tooLarge = new string('x', MaxEventBytes);
        var subscribe = () => _publisher.Subscribe(initialData: ["x", tooLarge]);
        var subscribeWithOptions = () => _publisher.Subscribe(
            new SubscribeOptions<string> { Channels = "room", InitialData = [new SseItem<string>(tooLarge)] });
        var raised = 0;
        _publisher.Subscribed += (_, _) => raised++;

        subscribe.Should().Throw<ArgumentException>().WithParameterName("initialData");
        subscribeWithOptions.Should().Throw<ArgumentException>().WithParameterName("options");

        _publisher.GetSubscribers(["room", Publisher.DefaultChannel]).Should().BeEmpty();
        raised.Should().Be(0);
    }

    [Fact]
    public async Task Subscribe_InitialDataAtTheLimit_IsAccepted()
    {
        var largest = new string('x', MaxEventBytes - Framing);
        var publisher = new Publisher(new PublisherOptions { MaxEventBytes = MaxEventBytes });

        var subscription = publisher.Subscribe(initialData: [largest]);
        publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal($"data: {largest}\n\n");
    }

    [Fact]
    public void Publish_TooLargePersonalizedEvent_FailsForThatSubscriberAlone()
    {
        var ann = _publisher.Subscribe(properties: "ann");
        var bob = _publisher.Subscribe(properties: "bob");
        var eve = _publisher.Subscribe(properties: "eve");

        var publish = () => _publisher.Publish(name => name == "bob" ? new string('\n', MaxEventBytes) : name);

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Should().ContainSingle()
            .Which.Should().BeOfType<ArgumentException>().Which.Message.Should().Contain("MaxEventBytes");
        ann.QueuedEvents.Should().Be(1);
        eve.QueuedEvents.Should().Be(1);
        bob.QueuedEvents.Should().Be(0);
        bob.EndReason.Should().BeNull();
    }

    [Fact]
    public void Publish_ManyLineEndsWithTheDefaultLimit_IsRefusedAtTheCall()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 1 });
        var subscription = publisher.Subscribe();

        // 10 MB of text, and 70 MB when each line has its "data: ".
        var publish = () => publisher.Publish(new string('\n', 10_000_000));

        publish.Should().Throw<ArgumentException>().WithParameterName("data");
        subscription.EndReason.Should().BeNull();
        subscription.QueuedEvents.Should().Be(0);
    }

    public static TheoryData<string, Action<Utf8JsonWriter, int>, int> JsonLimits => new()
    {
        // The writer reserves three bytes for a character, and writes 1, 3 or 6.
        { "ASCII", (writer, length) => writer.WriteStringValue(new string('x', length - 2)), 1 },
        { "three bytes", (writer, length) => writer.WriteStringValue(new string('\u65e5', (length - 2) / 3)), 3 },
        { "escaped", (writer, length) => writer.WriteStringValue(new string('\u2028', (length - 2) / 6)), 6 },
        { "UTF-8", (writer, length) => writer.WriteStringValue(Enumerable.Repeat((byte)'x', length - 2).ToArray()), 1 },
        { "raw", (writer, length) => writer.WriteRawValue('"' + new string('x', length - 2) + '"'), 1 },
        { "Base64", (writer, length) => writer.WriteBase64StringValue(new byte[(length - 2) / 4 * 3]), 4 },
        { "name", (writer, length) => WriteName(writer, new string('x', length - 6)), 1 },
    };

    [Theory]
    [MemberData(nameof(JsonLimits))]
    public void PublishJson_AtTheLimit_IsAcceptedAndRefusedAboveIt(string form, Action<Utf8JsonWriter, int> write, int step)
    {
        const int limit = 100_000;
        var publisher = new Publisher(new PublisherOptions { MaxEventBytes = limit });
        var subscription = publisher.Subscribe();
        var options = TestConverter.With<Note>((writer, note) => write(writer, note.Number));
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

        publisher.PublishJson(new Note("", limit - Framing), options: options).Should().Be(1, form);
        var publish = () => publisher.PublishJson(new Note("", limit - Framing + step), options: options);

        publish.Should().Throw<ArgumentException>(form).WithParameterName("value").WithMessage("*MaxEventBytes*");
        subscription.QueuedEvents.Should().Be(1);
        subscription.QueuedBytes.Should().BeInRange(limit - step, limit);
    }

    [Fact]
    public void PublishJson_TypeAndId_CountTowardsTheLimit()
    {
        var largest = new string('x', MaxEventBytes - "event: t\ndata: \"\"\nid: 7\n\n".Length);
        _publisher.Subscribe();

        _publisher.PublishJson(largest, eventType: "t", eventId: "7").Should().Be(1);
        var publish = () => _publisher.PublishJson(largest + "x", eventType: "t", eventId: "7");

        publish.Should().Throw<ArgumentException>().WithParameterName("value");
    }

    [Fact]
    public void PublishJson_EndlessSequence_StopsAndChangesNothing()
    {
        var subscription = _publisher.Subscribe();
        _publisher.Publish("1", eventId: "first");
        var taken = 0;

        var publish = () => _publisher.PublishJson(Endless(), eventId: "own");
        var publishAll = () => _publisher.PublishJson(_ => Endless());

        publish.Should().Throw<ArgumentException>().WithParameterName("value").WithMessage("*MaxEventBytes*");
        taken.Should().BeLessThan(10_000, "the limit is 1,000 bytes");
        Resume("first").Resume.Should().Be(ResumeResult.Resumed);
        Resume("own").Resume.Should().Be(ResumeResult.Gap, "a refused event is not in the history");
        publishAll.Should().Throw<AggregateException>()
            .Which.InnerExceptions.Should().HaveCount(3).And.AllBeOfType<ArgumentException>();
        subscription.QueuedEvents.Should().Be(1);

        IEnumerable<int> Endless()
        {
            while (taken < 100_000_000)
                yield return taken++;
        }
    }

    [Fact]
    public void PublishJson_HugeText_IsRefusedBeforeItIsCopied()
    {
        var text = new string('x', 20_000_000);
        _publisher.Invoking(it => it.PublishJson(new string('x', 10_000))).Should().Throw<ArgumentException>();

        var before = GC.GetAllocatedBytesForCurrentThread();
        _publisher.Invoking(it => it.PublishJson(text)).Should().Throw<ArgumentException>().WithParameterName("value");

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1_000_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PublishJson_ConverterCatchesTheRefusal_IsStillRefused(bool isWrapped)
    {
        var subscription = _publisher.Subscribe();
        var options = TestConverter.With<Note>((writer, _) =>
        {
            for (var i = 0; i < 10; i++)
            {
                try
                {
                    writer.WriteStringValue(new string('x', 20_000));
                }
                catch (Exception exception) when (isWrapped)
                {
                    throw new FormatException("", exception);
                }
                catch (Exception exception) when (exception is not ArgumentException)
                {
                    // The converter goes on writing.
                }
            }
        });

        var publish = () => _publisher.PublishJson(new Note("", 0), options: options);

        publish.Should().Throw<ArgumentException>().WithParameterName("value").WithMessage("*MaxEventBytes*");
        subscription.QueuedEvents.Should().Be(0);
        _publisher.PublishJson(1).Should().Be(1);
    }

    private static void WriteName(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteNumber(name, 1);
        writer.WriteEndObject();
    }

    private static string Repeat(string unit, int count) => string.Concat(Enumerable.Repeat(unit, count));

    private Subscription<string> Resume(string? lastEventId) => _publisher.Subscribe(
        new SubscribeOptions<string> { Channels = Publisher.DefaultChannel, LastEventId = lastEventId });

    private static async Task<IEnumerable<string>> DataOfAsync(Subscription<string> subscription)
    {
        subscription.Close();
        return (await subscription.AsItems().ToArrayAsync()).Select(item => item.Data);
    }
}
