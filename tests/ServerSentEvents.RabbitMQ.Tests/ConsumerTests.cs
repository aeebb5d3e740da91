using System.Reflection;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Tests a consumer with a channel that the broker has closed.</summary>
public sealed class ConsumerTests
{
    private const int Prefetch = 8;

    private static readonly ShutdownEventArgs Refused = new(ShutdownInitiator.Peer, Constants.AccessRefused, "ACCESS_REFUSED");

    [Fact]
    public async Task HandleBasicDeliver_AcknowledgementFailsBeforeTheShutdown_ReasonIsThatOfTheBroker()
    {
        var lost = new TaskCompletionSource<Exception>();
        var handled = 0;
        var consumer = new RabbitMQConsumer(DispatchProxy.Create<IChannel, ClosedChannel>(), (_, _, _) => handled++, lost, Prefetch);

        for (var offset = 0; offset < Prefetch; offset++)
            await DeliverAsync(consumer, offset);
        lost.Task.IsCompleted.Should().BeFalse();
        await consumer.HandleChannelShutdownAsync(consumer.Channel, Refused);

        (await lost.Task).Should().BeOfType<StreamRefusedException>();
        handled.Should().Be(Prefetch);
    }

    [Fact]
    public async Task HandleChannelShutdown_MessageWasNotAcknowledgedInTime_IsNoRefusal()
    {
        const string reason = "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms.";
        var lost = new TaskCompletionSource<Exception>();
        var consumer = new RabbitMQConsumer(DispatchProxy.Create<IChannel, ClosedChannel>(), (_, _, _) => { }, lost, Prefetch);

        await consumer.HandleChannelShutdownAsync(
            consumer.Channel, new ShutdownEventArgs(ShutdownInitiator.Peer, Constants.PreconditionFailed, reason));

        (await lost.Task).Should().BeOfType<IOException>("the next connection works").Which.Message.Should().Be(reason);
    }

    private static Task DeliverAsync(RabbitMQConsumer consumer, long offset)
    {
        var properties = new BasicProperties { Headers = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-stream-offset"] = offset } };
        return consumer.HandleBasicDeliverAsync("", (ulong)offset + 1, redelivered: false, "", "", properties, default);
    }

    public class ClosedChannel : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            new ValueTask(Task.FromException(new AlreadyClosedException(Refused)));
    }
}
