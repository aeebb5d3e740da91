using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>A publisher that publishes the events of a source at the pace of its subscribers.</summary>
internal interface IPacedPublisher
{
    /// <summary>Publishes all items of a source.</summary>
    Task<long> PublishAllAsync(
        IAsyncEnumerable<SseItem<string>> items, ChannelNames channels = default, CancellationToken cancellationToken = default);
}

/// <summary>Checks and conversions of sources.</summary>
internal static class EventSources
{
    /// <summary>Makes an event from each text of a source.</summary>
    internal static async IAsyncEnumerable<SseItem<string>> ToItems(
        IAsyncEnumerable<string> source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var data in source.WithCancellation(cancellationToken).ConfigureAwait(false))
            yield return new SseItem<string>(data);
    }

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
