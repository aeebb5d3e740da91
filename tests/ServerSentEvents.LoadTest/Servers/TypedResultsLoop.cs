using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>What ASP.NET Core has: its result for a sequence of events, over a channel for each client.</summary>
internal sealed class TypedResultsLoop : IStreams
{
    private readonly ClientChannels _clients = new();

    public void Map(IEndpointRouteBuilder endpoints, string path) => endpoints.MapGet(path, (HttpContext context) =>
    {
        EventStreamHeaders.Set(context.Response);
        return TypedResults.ServerSentEvents(ReadAsync(context.RequestAborted));
    });

    public void Publish(string data) => _clients.Write(data);

    private async IAsyncEnumerable<string> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<string> channel = _clients.Add();
        try
        {
            // Its headers come with the first event: only then does the client know that it is there.
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
