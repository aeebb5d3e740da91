using System.IO.Pipelines;

namespace ServerSentEvents.Tests;

/// <summary>A pipe writer that discards everything. A test overrides what it looks at.</summary>
internal class NullPipeWriter : PipeWriter
{
    private static readonly byte[] Scratch = new byte[1 << 20];

    public override void Advance(int bytes)
    {
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => Scratch;

    public override Span<byte> GetSpan(int sizeHint = 0) => Scratch;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => default;

    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }
}
