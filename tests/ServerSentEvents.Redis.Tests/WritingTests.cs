using System.Text;
using ServerSentEvents.Redis.Tests.Servers;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests a writer whose connection or stream is gone, with a real server.</summary>
public sealed class WritingTests(DurableServer fixture) : IClassFixture<DurableServer>
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableFact]
    public async Task SendAsync_StreamDeleted_ThrowsAndCreatesNothing()
    {
        await using var writer = await fixture.Server.Open(_stream).OpenWriterAsync(new Confirmations(), default);
        await fixture.Server.DeleteAsync(_stream);

        var send = () => writer.SendAsync(Bytes("a"), default).AsTask();

        await send.Should().ThrowAsync<IOException>().WithMessage("The stream was deleted.");
        ((int)await fixture.Server.CommandAsync("EXISTS", _stream)).Should().Be(0);
    }

    [SkippableFact]
    public async Task SendAsync_ConnectionWasClosedByTheServer_ThrowsAlthoughTheServerIsThere()
    {
        await using var writer = await fixture.Server.Open(_stream).OpenWriterAsync(new Confirmations(), default);
        await writer.SendAsync(Bytes("a"), default);

        await fixture.Server.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        var reason = await writer.Lost.WithinPatience();
        var send = () => writer.SendAsync(Bytes("b"), default).AsTask();

        reason.Message.Should().Be($"The connection to 127.0.0.1:{fixture.Server.Port} was lost (SocketClosed).");
        await send.Should().ThrowAsync<IOException>();
        ((int)await fixture.Server.CommandAsync("XLEN", _stream)).Should().Be(2, "the stream has its first entry and one message");
    }

    [SkippableFact]
    public async Task SendAsync_MaxLength_RemovesTheOldestMessages()
    {
        var transport = fixture.Server.Open(new RedisBackplaneOptions<string> { StreamKey = _stream, MaxLength = 1_000 });
        await using var writer = await transport.OpenWriterAsync(new Confirmations(), default);
        for (var number = 0; number < 2_000; number++)
            await writer.SendAsync(Bytes("x"), default);

        ((int)await fixture.Server.CommandAsync("XLEN", _stream)).Should().BeInRange(1_000, 1_200);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
