namespace ServerSentEvents.Client.Tests;

/// <summary>The body of a response, in the given chunks. Its end is an end of the stream, a failure, or never.</summary>
internal sealed class ScriptedBody(
    IEnumerable<byte[]> chunks, Exception? failure = null, bool hangs = false, bool endsWhenCanceled = false,
    Action? closing = null) : Stream
{
    private readonly IEnumerator<byte[]> _chunks = chunks.GetEnumerator();

    internal bool IsDisposed { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_chunks.MoveNext())
        {
            _chunks.Current.CopyTo(buffer);
            return _chunks.Current.Length;
        }

        if (hangs)
        {
            var hanging = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            await (endsWhenCanceled ? Task.WhenAny(hanging) : hanging);
        }

        return failure is null ? 0 : throw failure;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        closing?.Invoke();
        IsDisposed = true;
        _chunks.Dispose();
        base.Dispose(disposing);
    }
}
