using System.Net.Sockets;

namespace ServerSentEvents.Client.Tests;

/// <summary>Creates handlers whose connections break after a random number of received bytes.</summary>
internal sealed class CuttingConnections(Random random, int maxBytes)
{
    private int _cuts;

    /// <summary>The number of broken connections.</summary>
    internal int Cuts => Volatile.Read(ref _cuts);

    internal SocketsHttpHandler NewHandler() => new()
    {
        ConnectCallback = async (context, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, token);
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            lock (random)
                return new CutStream(this, socket, random.Next(maxBytes));
        },
    };

    private sealed class CutStream(CuttingConnections connections, Socket socket, int remaining)
        : NetworkStream(socket, ownsSocket: true)
    {
        private int _remaining = remaining;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_remaining == 0)
            {
                Interlocked.Increment(ref connections._cuts);
                throw new IOException("The connection was cut.");
            }

            var count = await base.ReadAsync(buffer[..Math.Min(buffer.Length, _remaining)], cancellationToken);
            _remaining -= count;
            return count;
        }
    }
}
