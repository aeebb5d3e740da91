using System.Net.ServerSentEvents;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>A client of one node, which reads one event after the other.</summary>
internal sealed class TestClient(Subscription<string> subscription) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<SseItem<string>> _reader = subscription.AsItems().GetAsyncEnumerator();

    internal ResumeResult Resume => subscription.Resume;

    internal SubscriptionEndReason? EndReason => subscription.EndReason;

    internal int Queued => subscription.QueuedEvents;

    /// <summary>The id of the last event that it had.</summary>
    internal string? LastEventId { get; private set; }

    /// <summary>The next event; null at the end of the stream.</summary>
    internal async Task<SseItem<string>?> TryNextAsync()
    {
        if (!await _reader.MoveNextAsync().AsTask().WithinPatience())
            return null;
        LastEventId = _reader.Current.EventId;
        return _reader.Current;
    }

    internal async Task<SseItem<string>> NextAsync() =>
        await TryNextAsync() ?? throw new InvalidOperationException("The stream has ended.");

    internal async Task<List<string>> NextAsync(int count)
    {
        var data = new List<string>(count);
        while (data.Count < count)
            data.Add((await NextAsync()).Data);
        return data;
    }

    /// <summary>All that comes until the end of the stream.</summary>
    internal async Task<List<string>> RestAsync()
    {
        var data = new List<string>();
        while (await TryNextAsync() is { } item)
            data.Add(item.Data);
        return data;
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();
}
