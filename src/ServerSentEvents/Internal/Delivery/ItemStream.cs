using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>A subscription seen as items, for those who frame events themselves.</summary>
internal sealed class ItemStream<TProperties>(Subscription<TProperties> subscription) : IAsyncEnumerable<SseItem<string>>
{
    public IAsyncEnumerator<SseItem<string>> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        subscription.Enumerate(FrameViews.Item, cancellationToken);
}
