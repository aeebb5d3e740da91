using System.Text;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>Reads a response over HTTP/1.1.</summary>
internal sealed class Http1Reader(Reader reader) : IHttpReader
{
    private ChunkedBody _body;

    /// <summary>True if the body has chunks. The body of nchan has none, and ends with the connection.</summary>
    private bool _isChunked;

    /// <summary>The received part of the response's head; null after the end of the head.</summary>
    private List<byte>? _head = [];

    public byte[] Request { get; } =
        Encoding.ASCII.GetBytes($"GET {reader.Path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");

    public void Receive(Span<byte> bytes)
    {
        if (_head is not null)
        {
            bytes = AfterHead(bytes);
            if (_head is not null)
                return;
        }

        if (!_isChunked)
        {
            reader.Accept(bytes);
            return;
        }

        while (_body.TryTake(ref bytes, out var data))
            reader.Accept(data);
    }

    private Span<byte> AfterHead(Span<byte> bytes)
    {
        var before = _head!.Count;
        _head.AddRange(bytes);
        var head = Encoding.Latin1.GetString([.. _head]);
        var end = head.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return default;
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            throw new InvalidDataException($"The server answered: {head}");
        _isChunked = head.Contains("chunked", StringComparison.OrdinalIgnoreCase);
        _head = null;
        reader.Open();
        return bytes[(end + 4 - before)..];
    }
}
