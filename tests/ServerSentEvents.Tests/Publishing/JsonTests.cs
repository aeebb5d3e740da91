using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ServerSentEvents.Tests;

/// <summary>Tests what <c>PublishJson</c> sends, and that the JSON is one line of data whatever the options are.</summary>
public sealed class JsonTests
{
    private readonly Publisher<string> _publisher = new();

    [Fact]
    public async Task PublishJson_TypeInfo_SendsOneLineWithTypeAndId()
    {
        var subscription = _publisher.Subscribe(["a", "b"]);
        var note = new Note("hi", 7);

        _publisher.PublishJson(note, TestJson.Default.Note, ["a", "b"], "note", "42").Should().Be(1);
        _publisher.PublishJson(note, TestJson.Default.Note, "a").Should().Be(1);
        _publisher.PublishJson(note, TestJson.Default.Note, "elsewhere").Should().Be(0);
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal(
            """
            event: note
            data: {"Text":"hi","Number":7}
            id: 42


            """,
            """
            data: {"Text":"hi","Number":7}


            """);
    }

    [Fact]
    public async Task PublishJson_WithoutOptions_KeepsTheNamesOfProperties() =>
        (await JsonOfAsync(it => it.PublishJson(new { SomeName = "x" }))).Should().Be("""{"SomeName":"x"}""");

    [Fact]
    public async Task PublishJson_OptionsTakenInTurn_AppliesThoseOfTheCall()
    {
        var camel = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
        var relaxed = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        var value = new { SomeName = "<é>" };

        for (var i = 0; i < 2; i++)
        {
            (await JsonOfAsync(it => it.PublishJson(value, options: camel))).Should().Be("""{"someName":"\u003C\u00E9\u003E"}""");
            (await JsonOfAsync(it => it.PublishJson(value, options: relaxed))).Should().Be("""{"SomeName":"<é>"}""");
            (await JsonOfAsync(it => it.PublishJson(value))).Should().Be("""{"SomeName":"\u003C\u00E9\u003E"}""");
        }
    }

    [Fact]
    public async Task PublishJson_IndentedOptions_SendsOneLine()
    {
        var options = new JsonSerializerOptions
        {
            WriteIndented = true,
#if NET9_0_OR_GREATER
            NewLine = "\r\n",
#endif
        };
        var note = new Note("a\r\nb\u2028\u0085", 7);
        const string json = """{"Text":"a\r\nb\u2028\u0085","Number":7}""";

        (await JsonOfAsync(it => it.PublishJson(note, options: options))).Should().Be(json);
        (await JsonOfAsync(it => it.PublishJson(_ => note, options: options))).Should().Be(json);
        (await JsonOfAsync(it => it.PublishJson(note, IndentedJson.Default.Note))).Should().Be(json);
        (await JsonOfAsync(it => it.PublishJson(_ => note, IndentedJson.Default.Note))).Should().Be(json);
    }

    [Theory]
    [InlineData("{\n\"a\":\r\n1\r}", "{ \"a\":  1 }")]
    [InlineData("\n1", " 1")]
    [InlineData("[1,\n\n2]\n", "[1,  2] ")]
    public async Task PublishJson_ConverterWritesRawLineEnds_ReplacesThemBySpaces(string raw, string json)
    {
        var options = TestConverter.With<Note>((writer, _) => writer.WriteRawValue(raw));

        (await JsonOfAsync(it => it.PublishJson(new Note("", 0), options: options))).Should().Be(json);
    }

    [Fact]
    public async Task PublishJson_AnyText_ComesBackUnchanged()
    {
        string[] texts = ["", "data: x\n\nid: 1\n\n", "\r", "\u0000\u001f\u007f\uFEFF", "\"\\/", "日本語 🎉", new string('\n', 10_000)];

        foreach (var text in texts)
        {
            JsonSerializer.Deserialize<string>(await JsonOfAsync(it => it.PublishJson(text))).Should().Be(text);
            var relaxed = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            JsonSerializer.Deserialize<string>(await JsonOfAsync(it => it.PublishJson(text, options: relaxed))).Should().Be(text);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4_000)]
    [InlineData(5_000)]
    [InlineData(1_000_000)]
    public async Task PublishJson_AnyLength_SendsWhatTheSerializerWrites(int length)
    {
        var values = Enumerable.Range(0, length).ToArray();

        (await JsonOfAsync(it => it.PublishJson(values))).Should().Be(JsonSerializer.Serialize(values));
    }

    [Fact]
    public async Task PublishJson_DeclaredType_DecidesWhatIsSent()
    {
        Shape circle = new Circle { Radius = 2 };

        (await JsonOfAsync(it => it.PublishJson<object>(circle))).Should().Be("""{"Radius":2,"Name":"circle"}""");
        (await JsonOfAsync(it => it.PublishJson(circle))).Should().Be("""{"Name":"circle"}""");
        (await JsonOfAsync(it => it.PublishJson(_ => circle))).Should().Be("""{"Name":"circle"}""");
    }

    [Fact]
    public async Task PublishJson_Depth_IsThatOfTheOptions()
    {
        var two = new JsonSerializerOptions { MaxDepth = 2 };
        var many = new JsonSerializerOptions { MaxDepth = 2_000 };
        var subscription = _publisher.Subscribe();

        (await JsonOfAsync(it => it.PublishJson(Nested(2), options: two))).Should().Be("[[]]");
        (await JsonOfAsync(it => it.PublishJson(Nested(64)))).Should().HaveLength(128);
        (await JsonOfAsync(it => it.PublishJson(Nested(1_500), options: many))).Should().HaveLength(3_000);
        _publisher.Invoking(it => it.PublishJson(Nested(3), options: two)).Should().Throw<JsonException>();
        _publisher.Invoking(it => it.PublishJson(Nested(65))).Should().Throw<JsonException>();

        var cycle = new object[1];
        cycle[0] = cycle;
        _publisher.Invoking(it => it.PublishJson(cycle)).Should().Throw<JsonException>();
        subscription.QueuedEvents.Should().Be(0);

        static object[] Nested(int depth) => depth == 1 ? [] : [Nested(depth - 1)];
    }

    [Fact]
    public async Task PublishJson_Null_IsSentToAllButNotAsAPersonalizedEvent()
    {
        var subscription = _publisher.Subscribe();

        _publisher.PublishJson((Note?)null).Should().Be(1);
        _publisher.PublishJson((Note)null!, TestJson.Default.Note).Should().Be(1);
        _publisher.PublishJson((int?)null).Should().Be(1);
        _publisher.PublishJson(_ => (Note?)null).Should().Be(0);
        _publisher.PublishJson(_ => null, TestJson.Default.Note).Should().Be(0);
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal(Enumerable.Repeat("data: null\n\n", 3));
    }

    [Fact]
    public async Task PublishJson_Function_SendsEachSubscriberItsOwnEvent()
    {
        var ann = _publisher.Subscribe("news", "ann");
        var bob = _publisher.Subscribe("news", "bob");

        _publisher.PublishJson(name => name == "ann" ? new Note(name, 1) : null, TestJson.Default.Note, "news", "note").Should().Be(1);
        _publisher.PublishJson(name => new { Name = name }, "news", "name").Should().Be(2);
        _publisher.Close();

        (await ann.ToArrayAsync()).Should().Equal(
            "event: note\ndata: {\"Text\":\"ann\",\"Number\":1}\n\n", "event: name\ndata: {\"Name\":\"ann\"}\n\n");
        (await bob.ToArrayAsync()).Should().Equal("event: name\ndata: {\"Name\":\"bob\"}\n\n");
    }

    [Fact]
    public async Task PublishJson_FunctionFailsForSome_ReachesTheOthersAndThrowsAggregateException()
    {
        var publisher = new Publisher<string>(new PublisherOptions { MaxEventBytes = 100 });
        var subscriptions = new[] { "ann", "throws", "unserializable", "large", "bob" }
            .Select(name => publisher.Subscribe(properties: name)).ToArray();
        var options = TestConverter.With<Note>((writer, note) =>
        {
            if (note.Text == "unserializable")
                throw new InvalidTimeZoneException();
            writer.WriteStringValue(note.Text == "large" ? new string('x', 1_000) : note.Text);
        });

        var publish = () => publisher.PublishJson(
            name => name == "throws" ? throw new FormatException() : new Note(name, 0), options: options);

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Select(exception => exception.GetType())
            .Should().BeEquivalentTo(new[] { typeof(FormatException), typeof(InvalidTimeZoneException), typeof(ArgumentException) });
        publisher.Close();
        (await subscriptions[0].ToArrayAsync()).Should().Equal("data: \"ann\"\n\n");
        (await subscriptions[4].ToArrayAsync()).Should().Equal("data: \"bob\"\n\n");
        foreach (var subscription in subscriptions[1..4])
            (await subscription.ToArrayAsync()).Should().BeEmpty();
    }

    [Fact]
    public void PublishJson_Delegate_IsRefusedAndTheOverloadIsNamed()
    {
        var subscription = _publisher.Subscribe();
        Func<Note> noSubscriber = () => new Note("x", 1);
        Func<Note>? none = null;
        var typeInfo = JsonTypeInfo.CreateJsonTypeInfo<Func<Note>>(JsonSerializerOptions.Default);
        Action[] calls =
        [
            () => _publisher.PublishJson(noSubscriber),
            () => _publisher.PublishJson<object>(noSubscriber),
            () => _publisher.PublishJson(none),
            () => _publisher.PublishJson(noSubscriber, options: new JsonSerializerOptions { TypeInfoResolver = TestJson.Default }),
            () => _publisher.PublishJson(noSubscriber, typeInfo),
            () => _publisher.PublishJson((string name) => name.Length),
        ];

        foreach (var call in calls)
            call.Should().Throw<ArgumentException>().WithParameterName("value").WithMessage("*PublishJson<T>(Func<TProperties, T?>*");

        _publisher.Invoking(it => it.PublishJson(_ => noSubscriber)).Should().Throw<AggregateException>()
            .Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<ArgumentException>();
        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public void PublishJson_InvalidArguments_ThrowWithTheParameterName()
    {
        var subscription = _publisher.Subscribe();
        var note = new Note("x", 1);
        (Action Call, string Name)[] calls =
        [
            (() => _publisher.PublishJson(note, (JsonTypeInfo<Note>)null!), "typeInfo"),
            (() => _publisher.PublishJson(_ => note, (JsonTypeInfo<Note>)null!), "typeInfo"),
            (() => _publisher.PublishJson((Func<string, Note>)null!), "value"),
            (() => _publisher.PublishJson<Note>(null!), "value"),
            (() => _publisher.PublishJson((Func<string, Note>)null!, TestJson.Default.Note), "value"),
            (() => _publisher.PublishJson(note, eventType: "a\nb"), "eventType"),
            (() => _publisher.PublishJson(note, eventId: "a\nb"), "eventId"),
            (() => _publisher.PublishJson(note, eventId: " a"), "eventId"),
            (() => _publisher.PublishJson(_ => note, eventType: "a\r"), "eventType"),
            (() => _publisher.PublishJson(note, ""), "channels"),
        ];

        foreach (var (call, name) in calls)
            call.Should().Throw<ArgumentException>().WithParameterName(name);

        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public void PublishJson_Disposed_Throws()
    {
        _publisher.Dispose();

        _publisher.Invoking(it => it.PublishJson(1)).Should().Throw<ObjectDisposedException>();
        _publisher.Invoking(it => it.PublishJson(_ => "x")).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void PublishJson_ConverterThrows_ThrowsTheSameAndTheNextEventIsWhole()
    {
        var failure = new FormatException();
        var options = TestConverter.With<Note>((writer, _) =>
        {
            writer.WriteStartArray();
            writer.WriteStringValue(new string('x', 10_000));
            throw failure;
        });
        var subscription = _publisher.Subscribe();

        _publisher.Invoking(it => it.PublishJson(new Note("", 0), options: options))
            .Should().Throw<FormatException>().Which.Should().BeSameAs(failure);

        subscription.QueuedEvents.Should().Be(0);
        _publisher.PublishJson(1);
        subscription.QueuedBytes.Should().Be("data: 1\n\n".Length);
    }

    [Fact]
    public async Task PublishJson_ConverterPublishes_BothEventsAreWhole()
    {
        var subscription = _publisher.Subscribe();
        var options = TestConverter.With<Note>((writer, note) =>
        {
            writer.WriteStartArray();
            if (note.Number > 0)
                _publisher.PublishJson(note with { Number = 0 }, options: note.Number == 1 ? Inner() : null);
            writer.WriteStringValue("outer");
            writer.WriteEndArray();
        });

        _publisher.PublishJson(new Note("inner", 2), options: options);
        _publisher.PublishJson(new Note("inner", 1), options: options);
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal(
            "data: {\"Text\":\"inner\",\"Number\":0}\n\n", "data: [\"outer\"]\n\n",
            "data: \"own converter\"\n\n", "data: [\"outer\"]\n\n");

        static JsonSerializerOptions Inner() => TestConverter.With<Note>((writer, _) => writer.WriteStringValue("own converter"));
    }

    [Fact]
    public async Task PublishJson_ManySubscribers_SerializesOnceOnTheCallingThread()
    {
        var threads = new List<int>();
        var options = TestConverter.With<StringBuilder>((writer, text) =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            writer.WriteStringValue(text.ToString());
        });
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10 });
        Subscription<object?>[] subscriptions = [publisher.Subscribe(), publisher.Subscribe(), publisher.Subscribe()];
        var text = new StringBuilder("before");
        var thread = Environment.CurrentManagedThreadId;

        publisher.PublishJson(text, options: options);
        text.Append(" and after");
        publisher.Close();

        foreach (var subscription in subscriptions)
            (await subscription.AsItems().ToArrayAsync()).Should().ContainSingle().Which.Data.Should().Be("\"before\"");
        threads.Should().Equal(thread);
    }

    [Fact]
    public async Task PublishJson_TextItemsAndBytes_AreTheSameEvent()
    {
        var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10 });
        var (text, items, copy) = (publisher.Subscribe(), publisher.Subscribe(), publisher.Subscribe());
        var bytes = new MemoryStream();

        publisher.PublishJson(new Note("é日", 1), eventType: "tüp", options: options);
        publisher.PublishJson(new Note("b", 2), eventId: "own");
        publisher.Close();
        await copy.CopyToAsync(bytes).WaitAsync(Limits.Patience);
        var read = string.Concat(await text.ToArrayAsync());
        var received = await items.AsItems().ToArrayAsync();

        Encoding.UTF8.GetString(bytes.ToArray()).Should().Be(read);
        received.Select(item => (item.Data, item.EventType)).Should().Equal(
            ("{\"Text\":\"é日\",\"Number\":1}", "tüp"), ("{\"Text\":\"b\",\"Number\":2}", "message"));
        read.Should().Be(
            $"event: tüp\ndata: {received[0].Data}\nid: {received[0].EventId}\n\ndata: {received[1].Data}\nid: own\n\n");
    }

    [Fact]
    public async Task PublishJson_History_IsReplayed()
    {
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        publisher.PublishJson(0, eventId: "start");
        publisher.PublishJson(new Note("missed", 1), TestJson.Default.Note, eventType: "note");
        publisher.PublishJson(name => new Note(name, 2), TestJson.Default.Note);
        publisher.PublishJson(name => name == "bob" ? new { Name = name } : null);

        var subscription = publisher.Subscribe(new SubscribeOptions<string> { Properties = "ann", LastEventId = "start" });
        publisher.Close();

        subscription.Resume.Should().Be(ResumeResult.Resumed);
        (await subscription.AsItems().ToArrayAsync()).Where(item => item.Data.Length > 0).Select(item => item.Data).Should().Equal(
            "{\"Text\":\"missed\",\"Number\":1}", "{\"Text\":\"ann\",\"Number\":2}");
    }

    [Fact]
    public async Task PublishJson_ManyThreads_SendWholeEvents()
    {
        var subscription = _publisher.Subscribe();
        var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        var threads = Enumerable.Range(0, 4).Select(thread => OwnThread.RunAsync(() =>
        {
            for (var i = 0; i < 500; i++)
                _publisher.PublishJson(new Note(new string((char)('a' + thread), i), i), options: i % 3 == 0 ? options : null);
        }));

        await Task.WhenAll(threads);
        _publisher.Close();

        var received = await subscription.AsItems().ToArrayAsync();
        received.Should().HaveCount(2_000);
        foreach (var item in received)
        {
            var note = JsonSerializer.Deserialize<Note>(item.Data)!;
            note.Text.Should().Be(new string(note.Text.FirstOrDefault(), note.Number));
        }
    }

    /// <summary>The usual calls. Each of them has to compile.</summary>
    [Fact]
    public async Task PublishJson_UsualCalls_AreNotAmbiguous()
    {
        var subscription = _publisher.Subscribe("chat", "ann");
        var note = new Note("x", 1);
        var options = new JsonSerializerOptions();
        Func<string, Note?> function = _ => note;
        List<string> rooms = ["chat"];
        int[] sent =
        [
            _publisher.PublishJson(note, "chat"),
            _publisher.PublishJson(note, ["chat"]),
            _publisher.PublishJson(note, rooms),
            _publisher.PublishJson(note, channels: "chat", eventType: "note", eventId: "1", options: options),
            _publisher.PublishJson("text", "chat"),
            _publisher.PublishJson(7, "chat", "number"),
            _publisher.PublishJson(new { A = 1 }, "chat"),
            _publisher.PublishJson<object>(note, "chat"),
            _publisher.PublishJson(note, TestJson.Default.Note, "chat"),
            _publisher.PublishJson(note, TestJson.Default.Note, "chat", "note", "2"),
            _publisher.PublishJson(note, typeInfo: TestJson.Default.Note, channels: "chat"),
            _publisher.PublishJson(_ => note, "chat"),
            _publisher.PublishJson(name => name == "ann" ? note : null, "chat", "note"),
            _publisher.PublishJson(name => new { Name = name }, "chat"),
            _publisher.PublishJson((string name) => new Note(name, 1), "chat"),
            _publisher.PublishJson(static name => name, "chat", options: options),
            _publisher.PublishJson(function, "chat"),
            _publisher.PublishJson(Make, "chat"),
            _publisher.PublishJson(_ => note, TestJson.Default.Note, "chat"),
            _publisher.PublishJson(_ => null, TestJson.Default.Note, "chat") + 1,
            _publisher.PublishJson(function, TestJson.Default.Note, "chat", "note"),
            _publisher.PublishJson((string name) => new Note(name, 1), TestJson.Default.Note, "chat"),
        ];
        _publisher.PublishJson(note).Should().Be(0, "the subscriber is not in the default channel");
        new Publisher().PublishJson(properties => new { properties }).Should().Be(0);
        _publisher.Close();

        sent.Should().AllBeEquivalentTo(1);
        (await subscription.ToArrayAsync()).Should().HaveCount(sent.Length - 1);

        static Note Make(string name) => new(name, 1);
    }

    private static async Task<string> JsonOfAsync(Action<Publisher<string>> publish)
    {
        using var publisher = new Publisher<string>();
        var (text, items) = (publisher.Subscribe(properties: "ann"), publisher.Subscribe(properties: "ann"));
        publish(publisher);
        publisher.Close();
        var data = (await items.AsItems().ToArrayAsync()).Should().ContainSingle().Which.Data;
        (await text.ToArrayAsync()).Should().Equal($"data: {data}\n\n");
        return data;
    }

    private class Shape
    {
        public string Name => GetType().Name.ToLowerInvariant();
    }

    private sealed class Circle : Shape
    {
        public int Radius { get; init; }
    }
}
