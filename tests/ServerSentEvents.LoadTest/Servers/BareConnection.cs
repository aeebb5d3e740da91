using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A connection of the bare loop. Belongs to a client, or posts events.</summary>
internal sealed class BareConnection(Socket socket, SharedLog log) : IDisposable
{
    private const string Length = "Content-Length: ";

    private static readonly byte[] Answer = "HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray();

    private static readonly byte[] StreamHead = Encoding.ASCII.GetBytes(
        """
        HTTP/1.1 200 OK
        Content-Type: text/event-stream
        Cache-Control: no-cache, no-store, no-transform
        Content-Encoding: identity
        X-Accel-Buffering: no
        Transfer-Encoding: chunked


        """.ReplaceLineEndings("\r\n"));

    /// <summary>The received part of a request.</summary>
    private readonly List<byte> _request = [];

    internal int Descriptor { get; } = (int)socket.Handle;

    /// <summary>The place in the log after the last byte that was sent to the client.</summary>
    internal int Position { get; set; }

    /// <summary>The number of events that were sent to the client.</summary>
    internal int Events { get; set; }

    /// <summary>Takes a part of a request; returns true if the connection became a client.</summary>
    internal bool Receive(ReadOnlySpan<byte> bytes)
    {
        _request.AddRange(bytes);
        var text = Encoding.ASCII.GetString([.. _request]);
        var start = 0;
        for (int end; (end = text.IndexOf("\r\n\r\n", start, StringComparison.Ordinal)) >= 0;)
        {
            var body = end + 4;
            if (text.AsSpan(start).StartsWith("GET"))
            {
                _request.Clear();
                Open();
                return true;
            }

            var field = text.IndexOf(Length, start, StringComparison.Ordinal) + Length.Length;
            var length = int.Parse(text.AsSpan(field, text.IndexOf('\r', field) - field), CultureInfo.InvariantCulture);
            if (text.Length < body + length)
                break;
            log.Add(text.AsSpan(body, length));
            socket.Send(Answer);
            start = body + length;
        }

        _request.RemoveRange(0, start);
        return false;
    }

    public void Dispose() => socket.Dispose();

    private void Open()
    {
        socket.NoDelay = true;
        socket.Send(StreamHead);
        socket.Blocking = false;
        (Position, Events) = log.End;
    }
}
