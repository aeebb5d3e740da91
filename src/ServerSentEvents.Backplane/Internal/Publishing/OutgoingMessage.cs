using System.Threading.Channels;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Internal.Publishing;

/// <summary>An item that a caller has published and waits for. All but its task is guarded by the lock of the outbox.</summary>
/// <param name="encoded">The item, as <see cref="ItemFormat"/> has it.</param>
/// <param name="addedAt">The time of the call, as a timestamp.</param>
internal sealed class OutgoingItem(byte[] encoded, long addedAt)
{
    private readonly TaskCompletionSource _confirmed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The item; null when a message has it, or when the caller does not wait for it anymore.</summary>
    internal byte[]? Encoded { get; set; } = encoded;

    internal long AddedAt { get; } = addedAt;

    internal bool IsSettled => _confirmed.Task.IsCompleted;

    /// <summary>A task that completes when the broker has confirmed the item.</summary>
    internal Task Confirmed => _confirmed.Task;

    internal void Confirm() => _confirmed.TrySetResult();

    internal void Fail(Exception exception)
    {
        Encoded = null;
        _confirmed.TrySetException(exception);
    }
}

/// <summary>A message that is not confirmed yet. Guarded by the lock of the outbox.</summary>
/// <param name="sequence">The number of the message among those of this publisher.</param>
/// <param name="items">The items, in order.</param>
/// <param name="body">The encoded message.</param>
internal sealed class OutgoingMessage(ulong sequence, OutgoingItem[] items, byte[] body)
{
    internal ulong Sequence { get; } = sequence;

    internal OutgoingItem[] Items { get; } = items;

    /// <summary>The encoded message. Each connection gets its own copy.</summary>
    internal byte[] Body { get; set; } = body;

    /// <summary>True if no caller waits for an item of the message anymore.</summary>
    internal bool IsSettled => Array.TrueForAll(Items, static item => item.IsSettled);

    /// <summary>The number of the message on the current connection, from 1; null until this connection has sent it.</summary>
    internal long? Number { get; set; }

    /// <summary>The time when the message was sent on the current connection, as a timestamp.</summary>
    internal long SentAt { get; set; }
}

/// <summary>A signal for one waiter. A signal without a waiter is kept, once.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(capacity: 1);

    internal void Set() => _set.Writer.TryWrite(item: true);

    internal async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _set.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
}
