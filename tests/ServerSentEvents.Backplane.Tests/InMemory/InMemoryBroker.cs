using System.Collections.Concurrent;

namespace ServerSentEvents.Backplane.Tests.InMemory;

/// <summary>A broker in memory.</summary>
internal sealed class InMemoryBroker : ITestBroker
{
    private readonly ConcurrentDictionary<string, InMemoryStream> _streams = new(StringComparer.Ordinal);

    public IStreamTransport Open(string stream) => _streams.GetOrAdd(stream, static name => new InMemoryStream(name));

    public Task StopAsync() => ForAll(stream => stream.Stop());

    public Task StartAsync() => ForAll(stream => stream.Start());

    public Task DeleteAsync(string stream)
    {
        _streams[stream].Replace();
        return Task.CompletedTask;
    }

    private Task ForAll(Action<InMemoryStream> action)
    {
        foreach (var stream in _streams.Values)
            action(stream);
        return Task.CompletedTask;
    }
}
