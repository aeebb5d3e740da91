using System.Net.ServerSentEvents;

namespace ServerSentEvents.Backplane.Contract;

/// <summary>A client of one node, which reads one event after the other.</summary>
public sealed class TestClient(Subscription<string> subscription) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<SseItem<string>> _reader = subscription.AsItems().GetAsyncEnumerator();

    public ResumeResult Resume => subscription.Resume;

    public SubscriptionEndReason? EndReason => subscription.EndReason;

    public int Queued => subscription.QueuedEvents;

    /// <summary>The id of the last event that was read.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>Reads the next event; null at the end of the stream.</summary>
    public async Task<SseItem<string>?> TryNextAsync()
    {
        if (!await _reader.MoveNextAsync().WithinPatience())
            return null;
        LastEventId = _reader.Current.EventId;
        return _reader.Current;
    }

    public async Task<SseItem<string>> NextAsync() =>
        await TryNextAsync() ?? throw new InvalidOperationException("The stream has ended.");

    public async Task<IReadOnlyList<string>> NextAsync(int count)
    {
        var data = new List<string>(count);
        while (data.Count < count)
            data.Add((await NextAsync()).Data);
        return data;
    }

    /// <summary>Reads to the end of the stream.</summary>
    public async Task<IReadOnlyList<string>> RestAsync()
    {
        var data = new List<string>();
        while (await TryNextAsync() is { } item)
            data.Add(item.Data);
        return data;
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();
}
