namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>A copy of the last message. It shows after a reconnection whether the stream is the same one.</summary>
/// <remarks>Used by one thread at a time.</remarks>
internal sealed class LastMessage
{
    /// <summary>The bytes of the message, at the start of the array.</summary>
    private byte[] _body = [];

    private int _length;

    /// <summary>The offset of the message; null for none.</summary>
    internal long? Offset { get; private set; }

    internal bool HasBytes(ReadOnlySpan<byte> body) => body.SequenceEqual(_body.AsSpan(0, _length));

    internal void Set(long offset, ReadOnlySpan<byte> body)
    {
        (Offset, _length) = (offset, body.Length);
        if (_body.Length < body.Length)
            _body = new byte[body.Length];
        body.CopyTo(_body);
    }

    internal void Clear() => Offset = null;
}
