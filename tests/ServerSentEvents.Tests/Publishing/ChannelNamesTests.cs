namespace ServerSentEvents.Tests;

/// <summary>Tests the names of channels, and how calls take them.</summary>
public sealed class ChannelNamesTests
{
    private readonly Publisher _publisher = new();

    [Fact]
    public void Default_NoNames_IsTheDefaultChannel()
    {
        ChannelNames channels = default;

        channels.Should().Equal("default channel");
        channels.Count.Should().Be(1);
        channels[0].Should().Be(Publisher.DefaultChannel);
        new ChannelNames().Should().Equal(Publisher.DefaultChannel);
    }

    [Fact]
    public void Conversion_String_IsThatName()
    {
        ChannelNames channels = "chat";

        channels.Should().Equal("chat");
        channels.Count.Should().Be(1);
    }

    [Fact]
    public void Conversion_Array_KeepsNamesAndOrder()
    {
        ChannelNames channels = new[] { "b", "a", "b" };

        channels.Should().Equal("b", "a", "b");
        channels.Count.Should().Be(3);
        channels[1].Should().Be("a");
    }

    [Fact]
    public void Conversion_ArrayChangedLater_KeepsTheNames()
    {
        string[] array = ["chat"];
        ChannelNames channels = array;

        array[0] = "other";

        channels.Should().Equal("chat");
    }

    [Fact]
    public void Conversion_List_KeepsNamesAndOrder()
    {
        ChannelNames channels = new List<string> { "b", "a", "b" };
        ChannelNames none = new List<string>();

        channels.Should().Equal("b", "a", "b");
        none.Count.Should().Be(0);
    }

    [Fact]
    public void Conversion_ListChangedLater_KeepsTheNames()
    {
        List<string> list = ["chat"];
        ChannelNames channels = list;

        list[0] = "other";
        list.Add("more");

        channels.Should().Equal("chat");
    }

    [Fact]
    public void Publish_List_ReachesItsChannels()
    {
        List<string> rooms = ["a", "b"];
        var subscription = _publisher.Subscribe(rooms);

        _publisher.Publish("x", rooms).Should().Be(1);

        subscription.Channels.Should().Equal("a", "b");
    }

    [Fact]
    public void CollectionExpression_NamesAndSpreads_KeepsNamesAndOrder()
    {
        List<string> more = ["b", "c"];

        ChannelNames channels = ["a", .. more, "d"];

        channels.Should().Equal("a", "b", "c", "d");
    }

    [Fact]
    public void ToString_SeveralNames_SeparatesThemByCommas()
    {
        ChannelNames two = ["a", "b"];
        ChannelNames none = [];

        two.ToString().Should().Be("a, b");
        none.ToString().Should().BeEmpty();
        default(ChannelNames).ToString().Should().Be("default channel");
    }

    [Fact]
    public void Indexer_OutOfRange_Throws()
    {
        ChannelNames[] singleNames = [default, "a", ["a"]];
        ChannelNames none = [];

        foreach (var channels in singleNames)
        {
            foreach (var index in (int[])[-1, 1, int.MinValue, int.MaxValue])
                FluentActions.Invoking(() => channels[index]).Should().Throw<ArgumentException>().WithParameterName("index");
        }

        FluentActions.Invoking(() => none[0]).Should().Throw<ArgumentException>().WithParameterName("index");
    }

    [Fact]
    public async Task Publish_NameTwice_ReachesEachSubscriberOnce()
    {
        var subscription = _publisher.Subscribe(["chat", "chat"]);

        _publisher.Publish("x", ["chat", "chat"]).Should().Be(1);
        _publisher.GetSubscribers(["chat", "chat"]).Should().Equal(subscription);
        subscription.Channels.Should().Equal("chat");
        _publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: x\n\n");
    }

    [Fact]
    public void EmptyList_AnyCall_ReachesNoSubscriber()
    {
        var subscription = _publisher.Subscribe();

        _publisher.Publish("x", []).Should().Be(0);
        _publisher.Publish(_ => "x", []).Should().Be(0);
        _publisher.PublishComment("x", []).Should().Be(0);
        _publisher.Unsubscribe([]).Should().Be(0);

        _publisher.GetSubscribers([]).Should().BeEmpty();
        _publisher.GetSubscribers().Should().Equal(subscription);
        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public void EmptyList_Subscribe_Throws()
    {
        FluentActions.Invoking(() => _publisher.Subscribe([])).Should().Throw<ArgumentException>().WithParameterName("channels");
        FluentActions.Invoking(() => _publisher.Subscribe(new SubscribeOptions<object?> { Channels = [] }))
            .Should().Throw<ArgumentException>().WithParameterName("options");
    }

    public static TheoryData<string, Func<ChannelNames>> InvalidNames => new()
    {
        { "null string", () => (string)null! },
        { "empty string", () => "" },
        { "null array", () => (string[])null! },
        { "null in an array", () => new[] { "chat", null! } },
        { "empty in an array", () => new[] { "", "chat" } },
        { "null list", () => (List<string>)null! },
        { "null in a list", () => new List<string> { "chat", null! } },
        { "empty in a list", () => new List<string> { "", "chat" } },
        { "null in a collection expression", () => ["chat", null!] },
        { "empty in a collection expression", () => ["chat", ""] },
        { "null in a span", () => ChannelNames.Create(["chat", null!]) },
        { "empty in a span", () => ChannelNames.Create(["", "chat"]) },
    };

    [Theory]
    [MemberData(nameof(InvalidNames))]
    public void AnyCall_InvalidName_ThrowsAndChangesNothing(string form, Func<ChannelNames> names)
    {
        var subscription = _publisher.Subscribe("chat");
        Action[] calls =
        [
            () => _publisher.Subscribe(names()),
            () => _publisher.Publish("x", names()),
            () => _publisher.PublishComment("x", names()),
            () => _publisher.GetSubscribers(names()),
            () => _publisher.Unsubscribe(names()),
        ];

        foreach (var call in calls)
            call.Should().Throw<ArgumentException>(form).WithParameterName("channels");

        _publisher.GetSubscribers("chat").Should().Equal(subscription);
        subscription.QueuedEvents.Should().Be(0);
    }

    [Theory]
    [InlineData("chat", "Chat")]
    [InlineData("chat", "chat ")]
    [InlineData("chat", " chat")]
    [InlineData("chat", "chat\0")]
    [InlineData("chat", "cha\u0442")]
    [InlineData("\u00E9", "e\u0301")]
    [InlineData("stra\u00DFe", "strasse")]
    [InlineData("a", "a\u00AD")]
    [InlineData("a.b", "a")]
    [InlineData("a.b", "a.*")]
    [InlineData("a.b", "*")]
    [InlineData("a,b", "a")]
    [InlineData("a, b", "b")]
    [InlineData(" ", "\t")]
    [InlineData("default channel", "Default channel")]
    public void AnyCall_NamesThatLookAlike_AreDifferentChannels(string one, string other)
    {
        var subscription = _publisher.Subscribe(one);

        _publisher.Publish("x", other).Should().Be(0);
        _publisher.Unsubscribe(other).Should().Be(0);
        _publisher.GetSubscribers(other).Should().BeEmpty();
        _publisher.Publish("x", one).Should().Be(1);
        subscription.Channels.Should().Equal(one);
    }
}
