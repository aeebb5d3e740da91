using System.Threading.Channels;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Wakes one waiter; what is set while nobody waits is kept, once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    internal void Set() => _set.Writer.TryWrite(item: true);

    internal async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _set.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
}
