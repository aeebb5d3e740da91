namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>Looks something up in the stream, beside what is read of it.</summary>
internal static class StreamProbe
{
    private const int Recent = 256;

    /// <summary>
    /// Whether the stream has come as far as an offset. A reader that begins beyond the end is sent nothing, and would not
    /// know why: this one begins with the last messages, and a marker is written behind them.
    /// </summary>
    internal static async Task<bool> ReachesAsync(
        IStreamReader reader, long offset, OutgoingItem marker, Outbox outbox, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = await reader.ReadAsync(StreamStart.Last, LookAt, cancellationToken).ConfigureAwait(false);
        await using (reading.ConfigureAwait(false))
        {
            outbox.Add(marker);
            return await answer.Task.OrLost(reader, cancellationToken).ConfigureAwait(false);
        }

        void LookAt(long at, ReadOnlySpan<byte> body)
        {
            if (at >= offset)
                answer.TrySetResult(true);
            else if (MessageFormat.TryDecode(body, out var message) == DecodeResult.Decoded && message.Id == outbox.IdOf(marker))
                answer.TrySetResult(false);
        }
    }

    /// <summary>The highest epoch above that that a recent message before an offset names, or else the oldest one; null for none.</summary>
    internal static async Task<ulong?> FindEpochAsync(
        IStreamReader reader, ulong above, long before, CancellationToken cancellationToken) =>
        await FindEpochAsync(reader, StreamStart.At(Math.Max(0, before - Recent)), false, above, before, cancellationToken).ConfigureAwait(false)
        ?? await FindEpochAsync(reader, StreamStart.First, true, above, before, cancellationToken).ConfigureAwait(false);

    private static async Task<ulong?> FindEpochAsync(
        IStreamReader reader, StreamStart start, bool anyWillDo, ulong above, long before, CancellationToken cancellationToken)
    {
        ulong? highest = null;
        var answer = new TaskCompletionSource<ulong?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = await reader.ReadAsync(start, LookAt, cancellationToken).ConfigureAwait(false);
        await using (reading.ConfigureAwait(false))
            return await answer.Task.OrLost(reader, cancellationToken).ConfigureAwait(false);

        void LookAt(long at, ReadOnlySpan<byte> body)
        {
            if (at >= before)
                answer.TrySetResult(highest);
            else if (MessageFormat.TryDecode(body, out var message) == DecodeResult.Decoded && message.Epoch > Math.Max(above, highest ?? 0))
                highest = message.Epoch;
            if (anyWillDo && highest is not null)
                answer.TrySetResult(highest);
        }
    }
}
