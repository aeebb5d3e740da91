namespace ServerSentEvents.Client.Internal;

/// <summary>Bytes that grow at their end.</summary>
internal sealed class ByteBuffer
{
    /// <summary>The largest array that is kept when the buffer is cleared, so that one large event leaves no memory behind.</summary>
    private const int MaxKeptBytes = 64 * 1024;

    private byte[] _bytes = [];

    internal int Length { get; private set; }

    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length)
            Array.Resize(ref _bytes, Math.Max(Length + bytes.Length, 2 * _bytes.Length));
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
