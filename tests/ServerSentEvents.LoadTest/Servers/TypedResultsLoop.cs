using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The result of ASP.NET Core for a sequence of events, with a channel for each client.</summary>
internal sealed class TypedResultsLoop(bool isPersonalized) : IStreams
{
    private readonly ClientChannels _clients = new();

    public void Map(IEndpointRouteBuilder endpoints, string path) => endpoints.MapGet(path, (HttpContext context) =>
    {
        EventStreamHeaders.Set(context.Response);
        return TypedResults.ServerSentEvents(ReadAsync(context, context.RequestAborted));
    });

    public void Publish(string data)
    {
        if (isPersonalized)
            _clients.Write(name => EventData.Personalize(data, name));
        else
            _clients.Write(data);
    }

    private async IAsyncEnumerable<string> ReadAsync(HttpContext context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<string> channel = _clients.Add(context);
        try
        {
            // The headers come with the first event, so a client needs an event to see that the stream is open.
            yield return EventData.Hello;
            await foreach (var data in channel.Reader.ReadAllAsync(cancellationToken))
                yield return data;
        }
        finally
        {
            _clients.Remove(channel);
        }
    }
}
