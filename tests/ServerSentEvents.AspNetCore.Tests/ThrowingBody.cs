using System.Text;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>A response body that throws an <see cref="AggregateException"/> when a certain text is written.</summary>
internal sealed class ThrowingBody(Stream body) : Stream
{
    /// <summary>A text that cannot be written.</summary>
    internal const string Forbidden = "forbidden";

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        Encoding.UTF8.GetString(buffer.Span).Contains(Forbidden, StringComparison.Ordinal)
            ? throw new AggregateException(new InvalidOperationException("The text is forbidden."))
            : body.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => body.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
