namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>
/// The client's end of an event stream in the same process. Passes the data of each event to an inbox. There is no request, and a
/// parser would add to the measured cost.
/// </summary>
internal sealed class ClientStream(Inbox inbox) : Stream
{
    private byte[] _bytes = new byte[1 << 16];
    private int _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_length + buffer.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + buffer.Length));
        buffer.CopyTo(_bytes.AsSpan(_length));
        _length += buffer.Length;
        var taken = 0;
        for (int size; (size = _bytes.AsSpan(taken, _length - taken).IndexOf("\n\n"u8)) >= 0; taken += size + 2)
        {
            var block = _bytes.AsSpan(taken, size);
            inbox.Receive(block[(block.IndexOf("data: "u8) + 6)..]);
        }

        _bytes.AsSpan(taken, _length - taken).CopyTo(_bytes);
        _length -= taken;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
