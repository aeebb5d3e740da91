namespace ServerSentEvents.LoadTest.Clients;

/// <summary>
/// The stream that all clients receive. Whoever is first brings it, and it is looked into; with everybody else it is only
/// compared, byte by byte, so that whatever is lost, doubled or out of order for anybody is found.
/// </summary>
internal sealed class SharedStream
{
    private byte[] _bytes = new byte[1 << 20];
    private int _length;

    /// <summary>Behind the last whole block.</summary>
    private int _scanned;

    /// <summary>They come in any order where they are posted in several connections.</summary>
    private readonly HashSet<int> _numbers = [];

    /// <summary>Where each event ends.</summary>
    internal List<int> Ends { get; } = [];

    /// <summary>When each was published, in ticks of the stopwatch.</summary>
    internal List<long> Published { get; } = [];

    /// <summary>Begins anew, when all clients have received all of it.</summary>
    internal void Clear()
    {
        (_length, _scanned) = (0, 0);
        _numbers.Clear();
        Ends.Clear();
        Published.Clear();
    }

    /// <summary>What a client received at a place of the stream; returns its place behind it.</summary>
    /// <exception cref="InvalidDataException">It is not what another client received there.</exception>
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
            // Comments stand alone, as at the beginning of nchan's stream, or right before an event, as heartbeats do.
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
        var (number, published) = EventData.Read(data);
        if (!_numbers.Add(number))
            throw new InvalidDataException($"Event {number} came twice.");
        Ends.Add(_scanned);
        Published.Add(published);
    }
}
