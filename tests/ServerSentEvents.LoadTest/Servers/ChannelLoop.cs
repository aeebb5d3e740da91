using System.Threading.Channels;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The usual code without a library: a channel for each client, and a loop that writes and flushes each event.</summary>
internal sealed class ChannelLoop(bool isPersonalized) : IStreams
{
    private readonly ClientChannels _clients = new();

    public void Map(IEndpointRouteBuilder endpoints, string path) => endpoints.MapGet(path, async (HttpContext context) =>
    {
        var response = context.Response;
        EventStreamHeaders.Set(response);
        Channel<string> channel = _clients.Add(context);
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

    /// <summary>Formats an event once for all clients. Formats a personalized event for each client.</summary>
    public void Publish(string data)
    {
        if (isPersonalized)
            _clients.Write(name => $"data: {EventData.Personalize(data, name)}\n\n");
        else
            _clients.Write($"data: {data}\n\n");
    }
}
