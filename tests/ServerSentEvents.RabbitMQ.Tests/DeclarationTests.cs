using System.Reflection;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Tests how the stream is declared, with answers that depend on the version of the broker or on the moment.</summary>
public sealed class DeclarationTests
{
    private const string Ask = nameof(IChannel.QueueDeclarePassiveAsync);
    private const string Create = nameof(IChannel.QueueDeclareAsync);

    [Fact]
    public async Task EnsureAsync_UserMayNotAsk_DoesNotCreateTheStream()
    {
        var calls = await EnsureAsync(Constants.AccessRefused);

        calls.Select(call => call.Name).Should().Equal(Ask);
    }

    [Fact]
    public async Task EnsureAsync_StreamDoesNotExist_CreatesIt()
    {
        var calls = await EnsureAsync(Constants.NotFound);

        calls.Select(call => call.Name).Should().Equal(Ask, Create);
    }

    [Fact]
    public async Task EnsureAsync_AnotherNodeCreatesItFirstWithOtherSettings_UsesIt()
    {
        var calls = await EnsureAsync(Constants.NotFound, Constants.PreconditionFailed, 0);

        calls.Select(call => call.Name).Should().Equal(Ask, Create, Ask);
    }

    [Fact]
    public async Task EnsureAsync_SettingsAreRefused_Throws()
    {
        var ensure = () => EnsureAsync(Constants.NotFound, Constants.PreconditionFailed, Constants.NotFound);

        (await ensure.Should().ThrowAsync<OperationInterruptedException>())
            .Which.ShutdownReason!.ReplyCode.Should().Be(Constants.PreconditionFailed);
    }

    [Theory]
    [InlineData(1_000_000_000L, 100_000_000L)]
    [InlineData(100_000_000_000L, 1_000_000_000L)]
    public async Task EnsureAsync_MaxBytes_UsesTenSegmentsOrMore(long bytes, long segment)
    {
        var calls = await EnsureAsync(bytes, Constants.NotFound);

        var arguments = calls[^1].Arguments.OfType<IDictionary<string, object?>>().Single();
        arguments["x-max-length-bytes"].Should().Be(bytes);
        arguments["x-stream-max-segment-size-bytes"].Should().Be(segment);
    }

    [Theory]
    [InlineData("NOT_FOUND - home node 'rabbit@b' of durable queue 'events' in vhost '/' is down or inaccessible")]
    [InlineData("NOT_FOUND - queue 'events' in vhost '/' process is stopped by supervisor")]
    [InlineData("NOT_FOUND - failed to perform operation on queue 'events' in vhost '/' due to timeout")]
    public async Task EnsureAsync_StreamCannotBeReached_ThrowsAndCreatesNothing(string text)
    {
        var (connection, channel) = Broker(Constants.NotFound);
        channel.Text = text;

        var ensure = () => DeclareAsync(connection, 1_000_000_000);

        var exception = (await ensure.Should().ThrowAsync<OperationInterruptedException>()).Which;
        RabbitMQErrors.Explain(exception).Should().BeOfType<IOException>("it is temporary").Which.Message.Should().Be(text);
        channel.Calls.Select(call => call.Name).Should().Equal(Ask);
    }

    private static Task<IReadOnlyList<ChannelCall>> EnsureAsync(params ushort[] answers) => EnsureAsync(1_000_000_000, answers);

    /// <summary>Declares a stream at a broker that answers with these codes, and then with success. Returns the calls.</summary>
    private static async Task<IReadOnlyList<ChannelCall>> EnsureAsync(long maxBytes, params ushort[] answers)
    {
        var (connection, channel) = Broker(answers);
        await DeclareAsync(connection, maxBytes);
        return [.. channel.Calls];
    }

    private static (IConnection Connection, FakeChannel Channel) Broker(params ushort[] answers)
    {
        var channel = DispatchProxy.Create<IChannel, FakeChannel>();
        var fake = (FakeChannel)(object)channel;
        fake.Answers = new Queue<ushort>(answers);
        var connection = DispatchProxy.Create<IConnection, FakeConnection>();
        ((FakeConnection)(object)connection).Channel = channel;
        return (connection, fake);
    }

    private static Task DeclareAsync(IConnection connection, long maxBytes)
    {
        var options = new RabbitMQBackplaneOptions<string> { ConnectionFactory = new ConnectionFactory(), MaxBytes = maxBytes };
        return new RabbitMQDeclaration(RabbitMQSettings.From(options)).EnsureAsync(connection, CancellationToken.None);
    }

    public sealed record ChannelCall(string Name, object?[] Arguments);

    public class FakeConnection : DispatchProxy
    {
        public IChannel? Channel { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Task.FromResult(Channel!);
    }

    public class FakeChannel : DispatchProxy
    {
        public Queue<ushort> Answers { get; set; } = new();

        public IList<ChannelCall> Calls { get; } = [];

        /// <summary>The text of errors. RabbitMQ uses it for a stream that does not exist.</summary>
        public string Text { get; set; } = "NOT_FOUND - no queue 'events' in vhost '/'";

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod!.Name == nameof(IAsyncDisposable.DisposeAsync))
                return default(ValueTask);
            Calls.Add(new ChannelCall(targetMethod.Name, args!));
            return Answers.TryDequeue(out var code) && code != 0
                ? Task.FromException<QueueDeclareOk>(
                    new OperationInterruptedException(new ShutdownEventArgs(ShutdownInitiator.Peer, code, Text)))
                : Task.FromResult(new QueueDeclareOk("", 0, 0));
        }
    }
}
