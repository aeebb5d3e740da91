namespace ServerSentEvents.LoadTest.Clients;

/// <summary>
/// The stream that all clients receive. The first client that receives a part adds the part to this stream, which reads the
/// events. The bytes of the other clients are only compared. This finds every lost, repeated or reordered event. A parser for
/// each client, as in ServerSentEvents.Client, would slow the clients down and limit the measured rates.
/// </summary>
internal sealed class SharedStream
{
    private byte[] _bytes = new byte[1 << 20];
    private int _length;

    /// <summary>The place after the last whole block.</summary>
    private int _scanned;

    /// <summary>The numbers of the received events. They come in any order if several connections post events.</summary>
    private readonly HashSet<int> _numbers = [];

    /// <summary>The place where each event ends.</summary>
    internal List<int> Ends { get; } = [];

    /// <summary>The time when each event was due, in ticks of the stopwatch.</summary>
    internal List<long> Due { get; } = [];

    /// <summary>Empties the stream, after all clients have received all of it.</summary>
    internal void Clear()
    {
        (_length, _scanned) = (0, 0);
        _numbers.Clear();
        Ends.Clear();
        Due.Clear();
    }

    /// <summary>Takes the bytes that a client received at a place of the stream. Returns the place after these bytes.</summary>
    /// <exception cref="InvalidDataException">Another client received other bytes at this place.</exception>
    internal int Accept(int position, ReadOnlySpan<byte> data)
    {
        var known = Math.Min(data.Length, _length - position);
        if (!data[..known].SequenceEqual(_bytes.AsSpan(position, known)))
            throw new InvalidDataException("Two clients received different bytes.");
        if (known < data.Length)
            Append(data[known..]);
        return position + data.Length;
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        if (_length + data.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + data.Length));
        data.CopyTo(_bytes.AsSpan(_length));
        _length += data.Length;
        for (int size; (size = _bytes.AsSpan(_scanned, _length - _scanned).IndexOf("\n\n"u8)) >= 0;)
        {
            var block = _bytes.AsSpan(_scanned, size);
            _scanned += size + 2;
            // The stream of nchan begins with separate comment blocks. Other comments come directly before an event.
            while (block is [(byte)':', ..])
                block = block.IndexOf((byte)'\n') is >= 0 and var end ? block[(end + 1)..] : default;
            if (!block.IsEmpty)
                AddEvent(block[(block.IndexOf("data: "u8) + 6)..]);
        }
    }

    private void AddEvent(ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual(EventData.HelloBytes))
            return;
        var (number, due) = EventData.Read(data);
        if (!_numbers.Add(number))
            throw new InvalidDataException($"Event {number} came twice.");
        Ends.Add(_scanned);
        Due.Add(due);
    }
}
