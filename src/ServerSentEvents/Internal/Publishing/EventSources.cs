using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>A publisher that publishes the events of a source at the pace of its subscribers.</summary>
internal interface IPacedPublisher
{
    /// <summary>Publishes all items of a source.</summary>
    Task<long> PublishAllAsync(
        IAsyncEnumerable<SseItem<string>> items, ChannelNames channels = default, CancellationToken cancellationToken = default);
}

/// <summary>Checks of sources.</summary>
internal static class EventSources
{
    /// <exception cref="ArgumentException">The source is null, or a subscription.</exception>
    internal static void ThrowIfInvalid<T>(IAsyncEnumerable<T> items, string paramName)
    {
        ArgumentNullException.ThrowIfNull(items, paramName);
        if (items.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Subscription<>))
        {
            throw new ArgumentException(
                "A subscription yields events in the wire format, which would be framed again. Publish its AsItems() instead.",
                paramName);
        }
    }
}

/// <summary>A source of events that have only data.</summary>
/// <param name="source">The source of the data.</param>
internal sealed class DataSource(IAsyncEnumerable<string> source) : IAsyncEnumerable<SseItem<string>>
{
    public IAsyncEnumerator<SseItem<string>> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Enumerator(source.GetAsyncEnumerator(cancellationToken));

    private sealed class Enumerator(IAsyncEnumerator<string> source) : IAsyncEnumerator<SseItem<string>>
    {
        public SseItem<string> Current => new(source.Current);

        public ValueTask<bool> MoveNextAsync() => source.MoveNextAsync();

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
