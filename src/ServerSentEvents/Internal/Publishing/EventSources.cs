using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>A publisher that publishes the events of a source at the pace of its subscribers.</summary>
internal interface IPacedPublisher
{
    /// <summary>Publishes all items of a source.</summary>
    Task<long> PublishAllAsync<T>(
        IAsyncEnumerable<T> items, Func<T, SseItem<string>> toItem, ChannelNames channels, CancellationToken cancellationToken);
}

/// <summary>Checks and conversions of sources.</summary>
internal static class EventSources
{
    internal static readonly Func<SseItem<string>, SseItem<string>> FromItem = static item => item;

    internal static readonly Func<string, SseItem<string>> FromData = static data => new(data);

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
