using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>
/// A client of a copied subscription that takes only what the test lets it take. Each flush waits until the client has taken
/// all bytes that were flushed.
/// </summary>
internal sealed class SlowClient
{
    private readonly Pipe _pipe = new(
        new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
    private readonly StringBuilder _taken = new();
    private ReadOnlySequence<byte> _offered;

    internal SlowClient(Subscription<object?> subscription) => Copy = CopyAsync(subscription);

    /// <summary>The copy of the subscription. The pipe is completed after it.</summary>
    internal Task Copy { get; }

    internal string Taken => _taken.ToString();

    /// <summary>Waits for the next bytes without taking them. Returns their number, and 0 at the end of the stream.</summary>
    internal async Task<int> WaitAsync()
    {
        var result = await _pipe.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);
        _offered = result.Buffer;
        return (int)_offered.Length;
    }

    /// <summary>Takes the bytes that <see cref="WaitAsync"/> has found.</summary>
    internal void Take()
    {
        _taken.Append(Encoding.UTF8.GetString(_offered));
        _pipe.Reader.AdvanceTo(_offered.End);
        _offered = default;
    }

    /// <summary>Takes everything until the end of the stream.</summary>
    internal async Task TakeAllAsync()
    {
        while (await WaitAsync() > 0)
            Take();
    }

    private async Task CopyAsync(Subscription<object?> subscription)
    {
        try
        {
            await subscription.CopyToAsync(_pipe.Writer);
        }
        finally
        {
            await _pipe.Writer.CompleteAsync();
        }
    }
}
