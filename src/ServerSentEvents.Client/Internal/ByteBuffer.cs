namespace ServerSentEvents.Client.Internal;

/// <summary>Bytes that grow at their end.</summary>
internal sealed class ByteBuffer
{
    /// <summary>The largest array that is kept when the buffer is cleared, so that one large event leaves no memory behind.</summary>
    private const int MaxKeptBytes = 64 * 1024;

    private byte[] _bytes = [];

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>Makes room for a number of bytes, so that appending them in parts resizes nothing.</summary>
    internal void Reserve(int count)
    {
        if (count > _bytes.Length - Length)
            Array.Resize(ref _bytes, Math.Max(Length + count, 2 * _bytes.Length));
    }

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    internal void Clear()
    {
        Length = 0;
        if (_bytes.Length > MaxKeptBytes)
            _bytes = [];
    }
}
