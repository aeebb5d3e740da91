namespace ServerSentEvents.Tests;

/// <summary>
/// A stream that accepts a number of bytes and then fails like a broken connection, even in the middle of an event.
/// </summary>
internal sealed class FailingStream(int at) : MemoryStream
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var room = at - (int)Length;
        Write(buffer.Span[..Math.Min(room, buffer.Length)]);
        return buffer.Length <= room ? default : ValueTask.FromException(new IOException("The connection is broken."));
    }
}
