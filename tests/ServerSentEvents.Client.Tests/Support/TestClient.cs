using System.Net.ServerSentEvents;

namespace ServerSentEvents.Client.Tests;

/// <summary>Creates clients for tests: without jitter, and with short waits or a fake clock.</summary>
internal static class TestClient
{
    internal static readonly Uri Uri = new("http://server/events");

    /// <summary>The settings of clients that use real time.</summary>
    internal static EventStreamClientOptions Quick => new() { ReconnectionInterval = TimeSpan.FromMilliseconds(100) };

    internal static EventStreamClient New(HttpMessageHandler handler, EventStreamClientOptions? options = null, double random = 0) =>
        new(new HttpClient(handler), options, () => random);

    /// <summary>Creates a client whose waits take no time.</summary>
    internal static EventStreamClient NewWithoutWaits(HttpMessageHandler handler, EventStreamClientOptions? options = null)
    {
        options ??= new();
        options.TimeProvider = new ClientTime { SkipsWaits = true };
        return New(handler, options);
    }

    /// <summary>Reads all events of a scripted server, whose script ends with 204.</summary>
    internal static Task<SseItem<string>[]> ReadAllAsync(HttpMessageHandler handler, EventStreamClientOptions? options = null) =>
        NewWithoutWaits(handler, options).ReadAsync(Uri).ToArrayAsync();

    internal static IEnumerable<string> DataOf(IEnumerable<SseItem<string>> items) => items.Select(item => item.Data);
}
