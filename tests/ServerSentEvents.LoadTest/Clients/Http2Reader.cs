using System.Buffers.Binary;
using System.Text;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>Reads the responses of one HTTP/2 connection, which has a stream for each client.</summary>
internal sealed class Http2Reader : IHttpReader
{
    private const int HeadBytes = 9;
    private const byte Ack = 1;
    private const byte EndOfHeadersAndStream = 5;

    /// <summary>HPACK for <c>:status: 200</c>.</summary>
    private const byte Status200 = 0x88;

    /// <summary>The first byte of a size update of the HPACK table, which may come before the status.</summary>
    private const byte TableSizeUpdate = 0x20;
    private const int LargestWindow = int.MaxValue;
    private const int FirstWindow = 65_535;
    private const int WindowStep = 1 << 24;

    private readonly Reader[] _readers;
    private readonly Action<byte[]> _send;

    /// <summary>The bytes since the last window update. The first item is for the connection, the others for streams.</summary>
    private readonly int[] _consumed;

    /// <summary>The received part of an incomplete frame.</summary>
    private readonly List<byte> _rest = [];

    internal Http2Reader(Reader[] readers, string scheme, Action<byte[]> send)
    {
        (_readers, _send, _consumed) = (readers, send, new int[readers.Length + 1]);
        byte[] settings = [0, 4, .. BigEndian(LargestWindow)];
        var request = new List<byte>("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        request.AddRange(Frame(FrameType.Settings, 0, 0, settings));
        request.AddRange(Frame(FrameType.WindowUpdate, 0, 0, BigEndian(LargestWindow - FirstWindow)));
        for (var i = 0; i < readers.Length; i++)
            request.AddRange(Frame(FrameType.Headers, EndOfHeadersAndStream, (2 * i) + 1, Headers(scheme, readers[i].Path)));
        Request = [.. request];
    }

    private enum FrameType : byte
    {
        Data = 0,
        Headers = 1,
        ResetStream = 3,
        Settings = 4,
        Ping = 6,
        GoAway = 7,
        WindowUpdate = 8,
    }

    public byte[] Request { get; }

    public void Receive(Span<byte> bytes)
    {
        if (_rest.Count > 0)
        {
            _rest.AddRange(bytes);
            bytes = _rest.ToArray();
            _rest.Clear();
        }

        while (bytes.Length >= HeadBytes && LengthOf(bytes) is var length && bytes.Length >= HeadBytes + length)
        {
            Take((FrameType)bytes[3], bytes[4], BinaryPrimitives.ReadInt32BigEndian(bytes[5..]), bytes.Slice(HeadBytes, length));
            bytes = bytes[(HeadBytes + length)..];
        }

        _rest.AddRange(bytes);
    }

    private void Take(FrameType type, byte flags, int stream, Span<byte> payload)
    {
        switch (type)
        {
            case FrameType.Data:
                _readers[stream / 2].Accept(payload);
                Consume(0, 0, payload.Length);
                Consume((stream / 2) + 1, stream, payload.Length);
                break;
            case FrameType.Headers:
                while ((payload[0] & 0xe0) == TableSizeUpdate)
                    payload = payload[1..];
                if (payload[0] != Status200)
                    throw new InvalidDataException("The server did not answer with status 200.");
                _readers[stream / 2].Open();
                break;
            case FrameType.Settings or FrameType.Ping when (flags & Ack) == 0:
                _send(Frame(type, Ack, 0, type == FrameType.Ping ? payload : default));
                break;
            case FrameType.ResetStream or FrameType.GoAway:
                throw new InvalidDataException($"The server has sent {type}.");
        }
    }

    private void Consume(int index, int stream, int bytes)
    {
        _consumed[index] += bytes;
        if (_consumed[index] < WindowStep)
            return;
        _send(Frame(FrameType.WindowUpdate, 0, stream, BigEndian(_consumed[index])));
        _consumed[index] = 0;
    }

    private static int LengthOf(ReadOnlySpan<byte> frame) => (frame[0] << 16) | (frame[1] << 8) | frame[2];

    private static byte[] Frame(FrameType type, byte flags, int stream, ReadOnlySpan<byte> payload) =>
        [.. BigEndian(payload.Length)[1..], (byte)type, flags, .. BigEndian(stream), .. payload];

    /// <summary>Returns the HPACK fields of method, scheme, path and authority, by their places in the static table.</summary>
    private static byte[] Headers(string scheme, string path) =>
        [0x82, scheme == "https" ? (byte)0x87 : (byte)0x86, 0x04, .. Literal(path), 0x01, .. Literal("localhost")];

    private static byte[] Literal(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
