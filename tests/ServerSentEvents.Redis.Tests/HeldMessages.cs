using System.Text;
using System.Threading.Channels;

namespace ServerSentEvents.Redis.Tests;

/// <summary>A handler that keeps the reader waiting at the first message, until it is released.</summary>
internal sealed class HeldMessages
{
    private readonly Channel<(MessageOrder Order, string Text)> _messages = Channel.CreateUnbounded<(MessageOrder, string)>();
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _released = new();

    internal void Handle(long offset, MessageOrder order, ReadOnlySpan<byte> message)
    {
        _held.TrySetResult();
        _released.Wait(Limits.Patience);
        _messages.Writer.TryWrite((order, Encoding.UTF8.GetString(message)));
    }

    internal Task UntilHeldAsync() => _held.Task.WithinPatience();

    internal void Release() => _released.Set();

    internal Task<(MessageOrder Order, string Text)> NextAsync() => _messages.Reader.ReadAsync().AsTask().WithinPatience();
}
