namespace ServerSentEvents.LoadTest.Clients;

/// <summary>Reads the chunks of HTTP/1.1 from parts that may begin and end anywhere.</summary>
internal struct ChunkedBody
{
    private State _state;
    private int _size;

    private enum State
    {
        Size,
        Data,
        End,
    }

    /// <summary>Gets the next data in a part. Returns false at the end of the part.</summary>
    /// <exception cref="InvalidDataException">The body has ended.</exception>
    internal bool TryTake(ref Span<byte> bytes, out Span<byte> data)
    {
        while (!bytes.IsEmpty)
        {
            if (_state == State.Data)
            {
                data = bytes[..Math.Min(_size, bytes.Length)];
                bytes = bytes[data.Length..];
                _size -= data.Length;
                if (_size == 0)
                    _state = State.End;
                return true;
            }

            Step(bytes[0]);
            bytes = bytes[1..];
        }

        data = default;
        return false;
    }

    private void Step(byte value)
    {
        if (value == '\r')
            return;
        if (_state == State.End)
            _state = State.Size;
        else if (value != '\n')
            _size = (_size << 4) + (value <= '9' ? value - '0' : (value | 0x20) - 'a' + 10);
        else if (_size > 0)
            _state = State.Data;
        else
            throw new InvalidDataException("The server has ended a stream.");
    }
}
