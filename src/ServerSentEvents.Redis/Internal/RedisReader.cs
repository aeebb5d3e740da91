using ServerSentEvents.Backplane;

namespace ServerSentEvents.Redis.Internal;

/// <summary>A connection that reads.</summary>
/// <remarks>
/// Each read also asks for the last entry that was read before, in the same packet. While that entry is there, nothing after it
/// was removed, because Redis removes the oldest entries first, and the stream is the same one.
/// </remarks>
internal sealed class RedisReader(RedisStream stream, TimeSpan? maxAge) : IStreamReader
{
    private const int LargestCount = 500;

    /// <summary>The number of bytes that an answer has at most, if messages do not grow.</summary>
    private const int AnswerBytes = 4 << 20;

    private readonly CancellationTokenSource _stopping = new();

    private Task _reading = Task.CompletedTask;

    /// <summary>The last entry that was read, or an entry that was appended before reading; null for none.</summary>
    private EntryId? _anchor;

    /// <summary>True if a message was read.</summary>
    private bool _hasRead;

    /// <summary>
    /// The number of entries to ask for: 1 at first, and then at most twice as many as came. An answer with many large messages could
    /// time out, on each new connection again.
    /// </summary>
    private int _count = 1;

    /// <summary>The time of the last trimming, as a timestamp.</summary>
    private long _trimmedAt;

    public Task<Exception> Lost => stream.Connection.Lost;

    /// <summary>The time between two removals of old entries.</summary>
    internal TimeSpan TrimInterval { get; init; } = TimeSpan.FromMinutes(1);

    public async Task<long> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        _anchor = await stream.AppendAsync(message, cancellationToken).ConfigureAwait(false);
        return _anchor.Value.Offset;
    }

    public async Task ReadAsync(StreamStart start, StreamMessageHandler handler, CancellationToken cancellationToken)
    {
        // Read the token now: the engine can dispose the reader before this method ends.
        var stopping = _stopping.Token;
        var first = start switch
        {
            { Offset: { } offset } => EntryId.At(offset),
            { Age: { } age } => await stream.FindSinceAsync(age, cancellationToken).ConfigureAwait(false),
            _ => EntryId.Creation,
        };
        // A missing permission shows now, and not in a minute.
        await TrimAsync(first, cancellationToken).ConfigureAwait(false);
        // After the clock of Redis went back, a millisecond can have more entries than an offset has room for. The offset then stands for
        // a later millisecond. Start at the millisecond of the anchor: the engine skips messages before the offset.
        if (_anchor is { } anchor && anchor.Milliseconds < first.Milliseconds)
            first = new EntryId(anchor.Milliseconds, 0);
        var after = first == EntryId.Creation ? first : first.Previous;
        _reading = Task.Run(() => RunAsync(after, handler, stopping), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        await stream.Connection.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync(EntryId after, StreamMessageHandler handler, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var (entries, isAnchored) = await ReadAsync(after, cancellationToken).ConfigureAwait(false);
                if (entries.Count > 0)
                {
                    var order = await OrderOfAsync(entries[0].Id, isAnchored, cancellationToken).ConfigureAwait(false);
                    Handle(entries, order, handler, cancellationToken);
                    after = entries[^1].Id;
                }
                else if (!isAnchored)
                {
                    throw new IOException("The stream was deleted.");
                }

                if (_hasRead && TimeProvider.System.GetElapsedTime(_trimmedAt) >= TrimInterval)
                    await TrimIfPossibleAsync(after, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The connection was disposed.
        }
        catch (Exception exception)
        {
            stream.Connection.Lose(exception);
        }
    }

    private async Task<(List<Entry> Entries, bool IsAnchored)> ReadAsync(EntryId after, CancellationToken cancellationToken)
    {
        // Redis answers a blocked read as soon as there is an entry.
        var reading = stream.ReadAsync(after, _count, stream.Connection.LongestWait);
        var finding = _anchor is { } anchor ? stream.FindAsync(anchor) : null;
        var entries = Entry.Parse(await reading.AnswerAsync(cancellationToken).ConfigureAwait(false));
        var isAnchored = finding is null || (await finding.AnswerAsync(cancellationToken).ConfigureAwait(false)).Length > 0;
        return (entries, isAnchored);
    }

    private async Task<MessageOrder> OrderOfAsync(EntryId first, bool isAnchored, CancellationToken cancellationToken)
    {
        if (_hasRead && isAnchored)
            return MessageOrder.Next;
        if (await stream.IsFirstAsync(first, cancellationToken).ConfigureAwait(false))
            return MessageOrder.First;
        return _hasRead ? MessageOrder.AfterLoss : MessageOrder.Next;
    }

    private void Handle(List<Entry> entries, MessageOrder order, StreamMessageHandler handler, CancellationToken cancellationToken)
    {
        var largest = 1;
        foreach (var (id, message) in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            largest = Math.Max(largest, message.Length);
            handler(id.Offset, order, message.Span);
            (_anchor, _hasRead, order) = (id, true, MessageOrder.Next);
        }

        _count = Math.Clamp(AnswerBytes / largest, 1, Math.Min(2 * entries.Count, LargestCount));
    }

    private async Task TrimIfPossibleAsync(EntryId needed, CancellationToken cancellationToken)
    {
        try
        {
            await TrimAsync(needed, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (RedisErrors.IsBlocked(exception))
        {
            // Redis takes no writes for now. It can be read.
        }
    }

    /// <summary>Removes entries that are too old, and before the one that the next read needs.</summary>
    private async Task TrimAsync(EntryId needed, CancellationToken cancellationToken)
    {
        _trimmedAt = TimeProvider.System.GetTimestamp();
        if (maxAge is not { } age)
            return;
        var since = await stream.FindSinceAsync(age, cancellationToken).ConfigureAwait(false);
        await stream.TrimAsync(EntryId.Min(since, needed), cancellationToken).ConfigureAwait(false);
    }
}
