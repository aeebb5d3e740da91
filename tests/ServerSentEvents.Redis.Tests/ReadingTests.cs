using System.Text;
using ServerSentEvents.Redis.Internal;
using ServerSentEvents.Redis.Tests.Servers;
using RedisResult = StackExchange.Redis.RedisResult;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests how a reader reports removed messages, with a real server.</summary>
public sealed class ReadingTests(DurableServer fixture) : IClassFixture<DurableServer>
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableFact]
    public async Task ReadAsync_TrimmedPastTheReader_NextMessageIsAfterALoss()
    {
        await using var reader = await OpenAsync();
        await reader.AppendAsync(Bytes("marker"), default);
        var messages = new HeldMessages();
        await reader.ReadAsync(default, messages.Handle, default);
        await messages.UntilHeldAsync();
        await AddAsync("b", "c", "d");
        await fixture.Server.CommandAsync("XTRIM", _stream, "MAXLEN", "1");

        messages.Release();

        (await messages.NextAsync()).Should().Be((MessageOrder.First, "marker"));
        (await messages.NextAsync()).Should().Be((MessageOrder.AfterLoss, "d"));
        await AddAsync("e");
        (await messages.NextAsync()).Should().Be((MessageOrder.Next, "e"));
    }

    [SkippableFact]
    public async Task ReadAsync_ReadMessagesAreTrimmed_NextMessageIsNext()
    {
        await using var reader = await OpenAsync();
        await reader.AppendAsync(Bytes("marker"), default);
        var messages = new HeldMessages();
        await reader.ReadAsync(default, messages.Handle, default);
        messages.Release();
        await AddAsync("b", "c");
        (await messages.NextAsync()).Text.Should().Be("marker");
        (await messages.NextAsync()).Text.Should().Be("b");
        (await messages.NextAsync()).Text.Should().Be("c");

        await fixture.Server.CommandAsync("XTRIM", _stream, "MAXLEN", "1");
        await AddAsync("d");

        (await messages.NextAsync()).Should().Be((MessageOrder.Next, "d"));
    }

    [SkippableFact]
    public async Task ReadAsync_ServerTakesNoWrites_GoesOnReading()
    {
        await using var server = await RedisServer.StartAsync(RedisServer.InMemory);
        var configuration = server.Configuration();
        var connection = await RedisConnection.OpenAsync(configuration, "reading", CancellationToken.None);
        var stream = new RedisStream(connection, _stream, maxLength: null);
        await stream.CreateAsync(CancellationToken.None);
        await using var reader = new RedisReader(stream, maxAge: TimeSpan.FromDays(1)) { TrimInterval = TimeSpan.FromTicks(1) };
        var messages = new HeldMessages();
        messages.Release();
        await reader.AppendAsync(Bytes("marker"), default);
        await reader.ReadAsync(default, messages.Handle, default);
        (await messages.NextAsync()).Text.Should().Be("marker");

        await server.CommandAsync("CONFIG", "SET", "min-replicas-to-write", "1");
        await Limits.UntilAsync(async () =>
            ((string)(await server.CommandAsync("INFO", "errorstats"))!).Contains("NOREPLICAS", StringComparison.Ordinal));
        await server.CommandAsync("CONFIG", "SET", "min-replicas-to-write", "0");
        await server.CommandAsync("XADD", _stream, "*", "m", "b");

        (await messages.NextAsync()).Text.Should().Be("b");
        reader.Lost.IsCompleted.Should().BeFalse();
    }

    [SkippableFact]
    public async Task ReadAsync_StreamReplacedWhileHeld_NextMessageIsTheFirst()
    {
        await using var reader = await OpenAsync();
        await reader.AppendAsync(Bytes("marker"), default);
        var messages = new HeldMessages();
        await reader.ReadAsync(default, messages.Handle, default);
        await messages.UntilHeldAsync();
        await fixture.Server.DeleteAsync(_stream);
        await using var other = await OpenAsync();
        await AddAsync("new");

        messages.Release();

        (await messages.NextAsync()).Text.Should().Be("marker");
        (await messages.NextAsync()).Should().Be((MessageOrder.First, "new"));
    }

    [SkippableFact]
    public async Task ReadAsync_StreamDeletedWhileQuiet_ConnectionIsLost()
    {
        await using var reader = await OpenAsync();
        await reader.AppendAsync(Bytes("marker"), default);
        var messages = new HeldMessages();
        await reader.ReadAsync(default, messages.Handle, default);
        messages.Release();
        await messages.NextAsync();

        await fixture.Server.DeleteAsync(_stream);

        (await reader.Lost.WithinPatience()).Message.Should().Be("The stream was deleted.");
    }

    [SkippableFact]
    public async Task ReadAsync_MaxAge_RemovesOlderMessagesAndNoNewerOnes()
    {
        await OpenAndCloseAsync();
        var now = DateTimeOffset.FromUnixTimeSeconds((long)(await fixture.Server.CommandAsync("TIME"))[0]);
        foreach (var minutes in new[] { 180, 90, 30 })
            await AddAsync((now - TimeSpan.FromMinutes(minutes)).ToUnixTimeMilliseconds(), $"{minutes} minutes");
        await using var reader = await OpenAsync(TimeSpan.FromHours(1));
        await reader.AppendAsync(Bytes("marker"), default);

        var messages = new HeldMessages();
        await reader.ReadAsync(new StreamStart(Offset: null, TimeSpan.FromMinutes(10)), messages.Handle, default);
        messages.Release();

        (await messages.NextAsync()).Text.Should().Be("marker", "older messages are not read back");
        ((int)await fixture.Server.CommandAsync("XLEN", _stream)).Should().Be(2, "the message of 30 minutes and the marker are left");
    }

    [SkippableFact]
    public async Task ReadAsync_MaxAgeAndQuietStream_KeepsTheMessageToResumeFrom()
    {
        await OpenAndCloseAsync();
        var now = DateTimeOffset.FromUnixTimeSeconds((long)(await fixture.Server.CommandAsync("TIME"))[0]);
        await AddAsync((now - TimeSpan.FromHours(5)).ToUnixTimeMilliseconds(), "gone");
        var last = new EntryId((now - TimeSpan.FromHours(3)).ToUnixTimeMilliseconds(), 0);
        await AddAsync(last.Milliseconds, "last");
        await using var reader = await OpenAsync(TimeSpan.FromHours(1));
        await reader.AppendAsync(Bytes("marker"), default);

        var messages = new HeldMessages();
        await reader.ReadAsync(new StreamStart(last.Offset, Age: null), messages.Handle, default);
        messages.Release();

        (await messages.NextAsync()).Text.Should().Be("last");
        ((int)await fixture.Server.CommandAsync("XLEN", _stream)).Should().Be(2);
    }

    [SkippableTheory]
    [InlineData("resp2")]
    [InlineData("resp3")]
    public async Task ReadAsync_EitherProtocol_ReadsLargeAndSmallMessages(string protocol)
    {
        var transport = fixture.Server.Open(new RedisBackplaneOptions<string>
        {
            StreamKey = _stream,
            Configuration = fixture.Server.Configuration($"protocol={protocol}"),
        });
        await using var writer = await transport.OpenWriterAsync(new Confirmations(), default);
        var large = new string('x', 5 << 20);
        foreach (var text in new[] { "a", large, "b" })
            await writer.SendAsync(Bytes(text), default);
        await using var reader = await transport.OpenReaderAsync(default);

        var messages = new HeldMessages();
        await reader.ReadAsync(default, messages.Handle, default);
        messages.Release();

        (await messages.NextAsync()).Should().Be((MessageOrder.First, "a"));
        (await messages.NextAsync()).Should().Be((MessageOrder.Next, large));
        (await messages.NextAsync()).Should().Be((MessageOrder.Next, "b"));
    }

    /// <summary>Tests that no answer is so large that it times out on a slow network, again and again.</summary>
    [SkippableFact]
    public async Task ReadAsync_LargeMessagesAfterSmallOnes_AsksForFewAtATime()
    {
        await using var server = await RedisServer.StartAsync([.. RedisServer.InMemory, "--slowlog-log-slower-than", "0"]);
        var transport = server.Open(_stream);
        await using var writer = await transport.OpenWriterAsync(new Confirmations(), default);
        var large = new string('x', 5 << 20);
        foreach (var text in new[] { "a", "b", "c", large, large, large, large, large, large })
            await writer.SendAsync(Bytes(text), default);
        await using var reader = await transport.OpenReaderAsync(default);

        var messages = new HeldMessages();
        messages.Release();
        await reader.ReadAsync(default, messages.Handle, default);
        for (var number = 0; number < 9; number++)
            await messages.NextAsync();

        var log = (RedisResult[])(await server.CommandAsync("SLOWLOG", "GET", "-1"))!;
        var counts = log.Reverse().Select(entry => (string[])entry[3]!).Where(command => command[0] == "XREAD").Select(command => command[2]);
        counts.Take(5).Should().Equal("1", "2", "4", "1", "1");
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private Task<IStreamReader> OpenAsync(TimeSpan? maxAge = null) =>
        fixture.Server.Open(new RedisBackplaneOptions<string> { StreamKey = _stream, MaxAge = maxAge }).OpenReaderAsync(default);

    private async Task OpenAndCloseAsync()
    {
        var reader = await OpenAsync();
        await reader.DisposeAsync();
    }

    private async Task AddAsync(params string[] messages)
    {
        foreach (var message in messages)
            await fixture.Server.CommandAsync("XADD", _stream, "*", "m", message);
    }

    private async Task AddAsync(long milliseconds, string message) =>
        await fixture.Server.CommandAsync("XADD", _stream, new EntryId(milliseconds, 0).ToString(), "m", message);
}
