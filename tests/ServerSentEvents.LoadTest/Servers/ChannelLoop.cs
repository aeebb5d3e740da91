using System.Threading.Channels;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>What people write by hand: a channel for each client, and a loop that writes and flushes each event.</summary>
internal sealed class ChannelLoop : IStreams
{
    private readonly ClientChannels _clients = new();

    public void Map(IEndpointRouteBuilder endpoints, string path) => endpoints.MapGet(path, async (HttpContext context) =>
    {
        var response = context.Response;
        EventStreamHeaders.Set(response);
        Channel<string> channel = _clients.Add();
        try
        {
            await response.Body.FlushAsync(context.RequestAborted);
            await foreach (var text in channel.Reader.ReadAllAsync(context.RequestAborted))
            {
                await response.WriteAsync(text, context.RequestAborted);
                await response.Body.FlushAsync(context.RequestAborted);
            }
        }
        finally
        {
            _clients.Remove(channel);
        }
    });

    /// <summary>The text is made once, as somebody who writes by hand would do as well.</summary>
    public void Publish(string data) => _clients.Write($"data: {data}\n\n");
}
