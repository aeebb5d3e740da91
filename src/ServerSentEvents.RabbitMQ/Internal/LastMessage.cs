namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>The message that was read last, by which a stream is known again.</summary>
internal sealed class LastMessage
{
    private byte[] _bytes = [];
    private int _length;

    /// <summary>Where it stands; null if there is none.</summary>
    internal long? Offset { get; private set; }

    internal void Set(long offset, ReadOnlySpan<byte> body)
    {
        Offset = offset;
        _length = body.Length;
        if (_bytes.Length < body.Length)
            _bytes = new byte[body.Length];
        body.CopyTo(_bytes);
    }

    internal bool Is(ReadOnlySpan<byte> body) => body.SequenceEqual(_bytes.AsSpan(0, _length));

    internal void Forget() => Offset = null;
}
