using System.Threading.Channels;

namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <summary>Wakes one waiter. A signal without a waiter is kept, once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(capacity: 1);

    internal void Set() => _set.Writer.TryWrite(item: true);

    internal async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _set.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
}
