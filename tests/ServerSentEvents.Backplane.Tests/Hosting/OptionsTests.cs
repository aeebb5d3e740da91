namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>Tests the defaults and the ranges of the options, and the limits of keys and events.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void Options_New_HaveTheDocumentedDefaults() =>
        OptionValues.Of(new TestOptions()).Should().Equal(new Dictionary<string, object?>
        {
            ["PublishTimeout"] = TimeSpan.FromSeconds(30),
            ["MaxEventBytes"] = 262_144,
            ["ReadBack"] = TimeSpan.FromHours(1),
            ["Personalize"] = null,
            ["SubscriberKey"] = null,
            ["LoggerFactory"] = null,
            ["TimeProvider"] = TimeProvider.System,
        });

    [Fact]
    public void StreamRefusedException_OfATransport_HasMessageAndInnerException()
    {
        var inner = new FormatException();

        new StreamRefusedException("refused").Message.Should().Be("refused");
        new StreamRefusedException("refused", inner).InnerException.Should().BeSameAs(inner);
    }

    public static TheoryData<string, Action<TestOptions>> OutOfRange => new()
    {
        { "PublishTimeout must be from 1 to 2,147,483,647 milliseconds.", options => options.PublishTimeout = TimeSpan.FromMilliseconds(0.9) },
        { "PublishTimeout must be from 1 to 2,147,483,647 milliseconds.", options => options.PublishTimeout = TimeSpan.FromDays(25) },
        { "MaxEventBytes must be from 1,024 to 16,777,216.", options => options.MaxEventBytes = 1_023 },
        { "MaxEventBytes must be from 1,024 to 16,777,216.", options => options.MaxEventBytes = 16_777_217 },
        { "ReadBack cannot be negative.", options => options.ReadBack = TimeSpan.FromTicks(-1) },
        { "TimeProvider cannot be null.", options => options.TimeProvider = null! },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Create_OptionOutOfRange_Throws(string message, Action<TestOptions> change)
    {
        var options = new TestOptions();
        change(options);

        var create = () => new TestBackplane(new Publisher<string>(), options, new InMemoryStream());

        create.Should().Throw<ArgumentException>().WithMessage($"{message}*").WithParameterName("options");
    }

    public static TheoryData<Action<TestOptions>> AtTheEndOfTheRange => new()
    {
        options => options.PublishTimeout = TimeSpan.FromMilliseconds(1),
        options => options.PublishTimeout = TimeSpan.FromDays(24),
        options => options.MaxEventBytes = 1_024,
        options => options.MaxEventBytes = 16_777_216,
        options => options.ReadBack = TimeSpan.Zero,
        options => options.ReadBack = null,
    };

    [Theory]
    [MemberData(nameof(AtTheEndOfTheRange))]
    public async Task Create_OptionAtTheEndOfItsRange_IsAccepted(Action<TestOptions> change)
    {
        await using var node = TestNode.Start(new InMemoryStream(), change);

        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
    }

    [Fact]
    public void Create_NullArgument_Throws()
    {
        var publisher = new Publisher<string>();
        var withoutPublisher = () => new TestBackplane(null!, new TestOptions(), new InMemoryStream());
        var withoutOptions = () => new TestBackplane(publisher, null!, new InMemoryStream());
        var withoutTransport = () => new TestBackplane(publisher, new TestOptions(), null!);

        withoutPublisher.Should().Throw<ArgumentNullException>().WithParameterName("publisher");
        withoutOptions.Should().Throw<ArgumentNullException>().WithParameterName("options");
        withoutTransport.Should().Throw<ArgumentNullException>().WithParameterName("transport");
    }

    [Fact]
    public async Task Create_OptionsChangedLater_AreNotUsed()
    {
        var stream = new InMemoryStream();
        var options = new TestOptions { MaxEventBytes = 2_000 };
        await using var backplane = new TestBackplane(new Publisher<string>(), options, stream);
        options.MaxEventBytes = 1_024;
        await backplane.ConnectAsync().WithinPatience();

        await backplane.PublishAsync(new string('x', 1_500)).WithinPatience();
    }

    [Fact]
    public async Task PublishAsync_LengthAtTheLimit_CountsTheHeaderAndTheFields()
    {
        await using var node = await TestNode.StartAsync(new InMemoryStream(), options => options.MaxEventBytes = 1_024);
        // The message header takes 26 bytes, the length of the item 4, the headers of two fields 10, and "room" 4.
        var longest = new string('x', 1_024 - 44);

        await node.Backplane.PublishAsync(longest, "room").WithinPatience();

        await node.Backplane.Invoking(backplane => backplane.PublishAsync(longest + "x", "room").AsTask())
            .Should().ThrowAsync<ArgumentException>().WithMessage("The event takes 1025 bytes, and MaxEventBytes allows 1024.*");
    }

    [Fact]
    public async Task DisconnectAsync_InvalidKey_Throws()
    {
        await using var node = await TestNode.StartAsync(new InMemoryStream(), options => options.MaxEventBytes = 1_024);

        foreach (var key in new[] { null!, "", "a\ud800", new string('x', 2_000) })
            await node.Backplane.Invoking(backplane => backplane.DisconnectAsync(key)).Should().ThrowAsync<ArgumentException>();
        // The message header takes 26 bytes, the length of the item 4, and the header of its field 5.
        await node.Backplane.Invoking(backplane => backplane.DisconnectAsync(new string('x', 990)))
            .Should().ThrowAsync<ArgumentException>().WithMessage("The key takes 1025 bytes, and MaxEventBytes allows 1024.*");
    }
}
