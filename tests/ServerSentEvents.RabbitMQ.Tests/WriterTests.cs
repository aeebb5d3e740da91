using System.Reflection;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Tests a writer whose channel the broker has closed.</summary>
public sealed class WriterTests
{
    [Theory]
    [InlineData(Constants.AccessRefused, "ACCESS_REFUSED - write access to exchange 'amq.default' refused", typeof(StreamRefusedException))]
    [InlineData(Constants.InternalError, "INTERNAL_ERROR", typeof(IOException))]
    public async Task SendAsync_ChannelIsClosedAndItsShutdownIsNotReportedYet_ThrowsTheBrokersWords(int code, string words, Type expected)
    {
        var channel = DispatchProxy.Create<IChannel, ClosedChannel>();
        ((ClosedChannel)(object)channel).Reason = new ShutdownEventArgs(ShutdownInitiator.Peer, (ushort)code, words);
        var writer = new RabbitMQWriter(DispatchProxy.Create<IConnection, ConnectionEvents>(), channel, "events", new Confirmations());

        var exception = (await writer.Invoking(each => each.SendAsync(new byte[1], default).AsTask()).Should().ThrowAsync<Exception>()).Which;

        writer.Lost.IsCompleted.Should().BeFalse();
        exception.Should().BeOfType(expected);
        exception.Message.Should().Be(words);
    }

    /// <summary>A connection that raises no event.</summary>
    public class ConnectionEvents : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => null;
    }

    /// <summary>A channel that can send nothing.</summary>
    public class ClosedChannel : DispatchProxy
    {
        public ShutdownEventArgs? Reason { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.IsSpecialName ? null : new ValueTask(Task.FromException(new AlreadyClosedException(Reason!)));
    }
}
