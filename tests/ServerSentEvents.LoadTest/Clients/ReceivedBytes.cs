using System.Net.Sockets;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>A stream of added bytes. A waiting read continues inside <see cref="Add"/>.</summary>
internal sealed class ReceivedBytes(Socket socket) : Stream
{
    private readonly List<byte> _bytes = [];
    private TaskCompletionSource<int>? _pending;
    private Memory<byte> _destination;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        if (_pending is not { } pending)
            return;
        _pending = null;
        pending.SetResult(Take(_destination.Span));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_bytes.Count > 0 || buffer.IsEmpty)
            return new ValueTask<int>(Take(buffer.Span));
        (_destination, _pending) = (buffer, new TaskCompletionSource<int>());
        return new ValueTask<int>(_pending.Task);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        socket.Send(buffer.Span);
        return default;
    }

    public override void Write(byte[] buffer, int offset, int count) => socket.Send(buffer.AsSpan(offset, count));

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private int Take(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, _bytes.Count);
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes)[..count].CopyTo(destination);
        _bytes.RemoveRange(0, count);
        return count;
    }
}
