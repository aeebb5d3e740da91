using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The log of all events that a client still needs, in chunks of HTTP/1.1.</summary>
/// <param name="isBatching">True if a client gets all new events with one send. Otherwise each event has one send.</param>
internal sealed class SharedLog(bool isBatching)
{
    private const int TryAgain = 11;
    private const int NoSignal = 0x4000;
    private const int DoNotWait = 0x40;

    /// <summary>The place where each event ends.</summary>
    private readonly List<int> _ends = [];
    private byte[] _bytes = new byte[1 << 20];
    private int _length;

    /// <summary>The place after the last event, and the number of events.</summary>
    internal (int Position, int Events) End => (_length, _ends.Count);

    internal void Add(ReadOnlySpan<char> data)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{data.Length + EventData.EnvelopeBytes:x}\r\ndata: {data}\n\n\r\n");
        if (_length + text.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + text.Length));
        _length += Encoding.ASCII.GetBytes(text, _bytes.AsSpan(_length));
        _ends.Add(_length);
    }

    /// <summary>Sends the new events to each client. Returns true if a client's socket was full.</summary>
    internal bool SendTo(List<BareConnection> clients)
    {
        if (_length == 0)
            return false;
        var isAnyBehind = false;
        foreach (var client in clients)
            isAnyBehind |= !SendTo(client);
        if (isAnyBehind)
            return true;

        // All clients have all events.
        _length = 0;
        _ends.Clear();
        foreach (var client in clients)
            (client.Position, client.Events) = (0, 0);
        return false;
    }

    private unsafe bool SendTo(BareConnection client)
    {
        while (client.Position < _length)
        {
            var end = isBatching ? _length : _ends[client.Events];
            nint sent;
            fixed (byte* bytes = _bytes)
                sent = Libc.Send(client.Descriptor, bytes + client.Position, end - client.Position, NoSignal | DoNotWait);
            if (sent < 0)
            {
                // After any other error the client is gone, and its connection is about to be removed.
                return Marshal.GetLastPInvokeError() != TryAgain;
            }

            client.Position += (int)sent;
            if (client.Position == end)
                client.Events++;
        }

        return true;
    }
}
