using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ServerSentEvents.Client.Tests;

/// <summary>A request to a <see cref="SocketServer"/>, and the means to answer it.</summary>
internal sealed class SocketExchange(Socket socket, string request, int number)
{
    internal string Request => request;

    /// <summary>The number of the request, from 1.</summary>
    internal int Number => number;

    /// <summary>The last event id of the request; null if it has none.</summary>
    internal string? LastEventId => request.Split("\r\n")
        .Where(line => line.StartsWith("Last-Event-ID: ", StringComparison.Ordinal))
        .Select(line => line["Last-Event-ID: ".Length..])
        .SingleOrDefault();

    internal Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    internal async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    /// <summary>Sends text as one chunk of a chunked body.</summary>
    internal Task SendChunkAsync(string text) =>
        SendAsync(string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n"));

    /// <summary>Sends a status and headers, and no body.</summary>
    internal Task SendStatusAsync(int status, string headers = "") =>
        SendAsync($"HTTP/1.1 {status} Status\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");

    /// <summary>Returns when the client has closed the connection.</summary>
    internal async Task WaitForCloseAsync()
    {
        var buffer = new byte[256];
        while (await socket.ReceiveAsync(buffer).WaitAsync(Limits.Patience) > 0)
        {
            // The client sends nothing after its request.
        }
    }

    /// <summary>Closes the connection by a TCP reset.</summary>
    internal void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}
