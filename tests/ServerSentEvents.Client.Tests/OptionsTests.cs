namespace ServerSentEvents.Client.Tests;

/// <summary>Tests the defaults and the ranges of the options.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void Options_New_HaveTheDocumentedDefaults() =>
        OptionValues.Of(new EventStreamClientOptions()).Should().Equal(new Dictionary<string, object?>
        {
            ["LastEventId"] = null,
            ["ReconnectionInterval"] = TimeSpan.FromSeconds(3),
            ["MaxReconnectionInterval"] = TimeSpan.FromMinutes(1),
            ["StallTimeout"] = TimeSpan.FromSeconds(60),
            ["MaxEventBytes"] = 16 * 1024 * 1024,
            ["ShouldReconnect"] = null,
            ["Connected"] = null,
            ["Disconnected"] = null,
            ["LoggerFactory"] = null,
            ["TimeProvider"] = TimeProvider.System,
        });

    public static TheoryData<string, Action<EventStreamClientOptions>> BadValues => new()
    {
        { "LastEventId", options => options.LastEventId = "é" },
        { "LastEventId", options => options.LastEventId = "1\n2" },
        { "LastEventId", options => options.LastEventId = " 1" },
        { "LastEventId", options => options.LastEventId = new string('x', 4_097) },
        { "ReconnectionInterval", options => options.ReconnectionInterval = TimeSpan.FromMilliseconds(99) },
        { "ReconnectionInterval", options => options.ReconnectionInterval = TimeSpan.FromHours(24) + TimeSpan.FromTicks(1) },
        { "MaxReconnectionInterval", options => options.MaxReconnectionInterval = TimeSpan.FromMilliseconds(99) },
        { "MaxReconnectionInterval", options => options.MaxReconnectionInterval = TimeSpan.FromHours(24) + TimeSpan.FromTicks(1) },
        { "StallTimeout", options => options.StallTimeout = TimeSpan.Zero },
        { "StallTimeout", options => options.StallTimeout = TimeSpan.FromMilliseconds(-2) },
        { "StallTimeout", options => options.StallTimeout = TimeSpan.FromMilliseconds(int.MaxValue + 1L) },
        { "MaxEventBytes", options => options.MaxEventBytes = 0 },
        { "MaxEventBytes", options => options.MaxEventBytes = (512 * 1024 * 1024) + 1 },
        { "TimeProvider", options => options.TimeProvider = null! },
    };

    [Theory]
    [MemberData(nameof(BadValues))]
    public void Client_ValueOutOfRange_Throws(string name, Action<EventStreamClientOptions> set)
    {
        var options = new EventStreamClientOptions();
        set(options);
        using var http = new HttpClient();

        var create = () => new EventStreamClient(http, options);

        create.Should().Throw<ArgumentException>().WithMessage($"{name}*").WithParameterName("options");
    }

    public static TheoryData<Action<EventStreamClientOptions>> LimitValues => new(
        options => options.LastEventId = "",
        options => options.LastEventId = new string('x', 4_096),
        options => options.ReconnectionInterval = TimeSpan.FromMilliseconds(100),
        options => options.ReconnectionInterval = TimeSpan.FromHours(24),
        options => options.MaxReconnectionInterval = TimeSpan.FromMilliseconds(100),
        options => options.MaxReconnectionInterval = TimeSpan.FromHours(24),
        options => options.StallTimeout = TimeSpan.FromTicks(1),
        options => options.StallTimeout = TimeSpan.FromMilliseconds(int.MaxValue),
        options => options.StallTimeout = Timeout.InfiniteTimeSpan,
        options => options.MaxEventBytes = 1,
        options => options.MaxEventBytes = 512 * 1024 * 1024);

    [Theory]
    [MemberData(nameof(LimitValues))]
    public void Client_ValueAtItsLimit_IsAccepted(Action<EventStreamClientOptions> set)
    {
        var options = new EventStreamClientOptions();
        set(options);
        using var http = new HttpClient();

        _ = new EventStreamClient(http, options);
    }

    [Fact]
    public async Task Client_OptionsChangeLater_IsNotAffected()
    {
        using var handler = ScriptedHandler.Of("data: a\n\n");
        var options = new EventStreamClientOptions { LastEventId = "1" };
        var client = TestClient.NewWithoutWaits(handler, options);
        (options.LastEventId, options.Connected) = ("2", _ => throw new InvalidOperationException("changed"));

        await client.ReadAsync(TestClient.Uri).ToArrayAsync();

        handler.Requests.First().LastEventId.Should().Be("1");
    }

    [Fact]
    public void Client_NullArguments_Throw()
    {
        using var http = new HttpClient();
        var client = new EventStreamClient(http);

        FluentActions.Invoking(() => new EventStreamClient(null!)).Should().Throw<ArgumentNullException>().WithParameterName("http");
        client.Invoking(read => read.ReadAsync((Uri)null!)).Should().Throw<ArgumentNullException>().WithParameterName("uri");
        client.Invoking(read => read.ReadAsync((Func<CancellationToken, ValueTask<HttpRequestMessage>>)null!))
            .Should().Throw<ArgumentNullException>().WithParameterName("request");
        client.Invoking(read => read.ReadJsonAsync<int>(TestClient.Uri, null!))
            .Should().Throw<ArgumentNullException>().WithParameterName("typeInfo");
        client.Invoking(read => read.ReadJsonAsync((Uri)null!, PriceJson.Default.Price))
            .Should().Throw<ArgumentNullException>().WithParameterName("uri");
        client.Invoking(read => read.ReadJsonAsync((Func<CancellationToken, ValueTask<HttpRequestMessage>>)null!, PriceJson.Default.Price))
            .Should().Throw<ArgumentNullException>().WithParameterName("request");
    }

    [Fact]
    public void Exception_OfTheApplication_HasMessageAndInnerExceptionOnly()
    {
        var inner = new FormatException();

        var exceptions = new[] { new EventStreamException(), new("failed"), new("failed", inner) };

        exceptions.Select(exception => exception.Message).Should().Equal("The event stream has failed.", "failed", "failed");
        exceptions.Select(exception => exception.InnerException).Should().Equal(null, null, inner);
        exceptions.Should().OnlyContain(exception => exception.Reason == null && exception.StatusCode == null && exception.LastEventId == null);
    }
}
