namespace ServerSentEvents.Tests;

/// <summary>Takes a number of bytes, wherever that is in an event, and then fails as a broken connection does.</summary>
internal sealed class FailingStream(int at) : MemoryStream
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var room = at - (int)Length;
        Write(buffer.Span[..Math.Min(room, buffer.Length)]);
        return buffer.Length <= room ? default : ValueTask.FromException(new IOException("The connection is broken."));
    }
}
