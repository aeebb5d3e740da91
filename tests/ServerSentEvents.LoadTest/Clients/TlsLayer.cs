using System.Net.Security;
using System.Net.Sockets;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>The TLS layer between a socket and HTTP. The layer runs on the thread that receives.</summary>
internal sealed class TlsLayer
{
    private readonly ReceivedBytes _received;
    private readonly SslStream _ssl;
    private readonly IHttpReader _http;
    private readonly bool _isHttp2;
    private Task _reading = Task.CompletedTask;

    internal TlsLayer(Socket socket, IHttpReader http, bool isHttp2)
    {
        (_http, _isHttp2) = (http, isHttp2);
        _received = new ReceivedBytes(socket);
        // The server makes its own certificate, so no authority has signed it.
        _ssl = new SslStream(_received, leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate is not null);
    }

    internal void Start() => _reading = ReadAsync();

    internal void Receive(ReadOnlySpan<byte> bytes)
    {
        _received.Add(bytes);
        if (_reading.IsCompleted)
            _reading.GetAwaiter().GetResult();
    }

    internal void Send(byte[] bytes) => _ssl.Write(bytes);

    private async Task ReadAsync()
    {
        var protocol = _isHttp2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11;
        await _ssl.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [protocol] });
        await _ssl.WriteAsync(_http.Request);
        var buffer = new byte[1 << 14];
        while (await _ssl.ReadAsync(buffer) is > 0 and var length)
            _http.Receive(buffer.AsSpan(0, length));
        throw new InvalidDataException("The server has closed a connection.");
    }
}
