using System.IO.Pipelines;

namespace ServerSentEvents.Tests;

/// <summary>Takes everything, and keeps nothing.</summary>
internal sealed class NullPipeWriter : PipeWriter
{
    private static readonly byte[] Nowhere = new byte[1 << 20];

    public override void Advance(int bytes)
    {
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => Nowhere;

    public override Span<byte> GetSpan(int sizeHint = 0) => Nowhere;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => default;

    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }
}
