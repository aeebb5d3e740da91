using Microsoft.AspNetCore.Http;

namespace ServerSentEvents.AspNetCore.Internal;

/// <inheritdoc/>
internal sealed class OpenStream<TProperties>(HttpContext context, Subscription<TProperties> subscription) : OpenStream(context)
{
    /// <summary>Of one that has not ended.</summary>
    private const int Unknown = -1;

    /// <summary>How many events were left when it was last looked at.</summary>
    private int _left = Unknown;

    internal override void Close() => subscription.Close();

    internal override bool IsStuck()
    {
        var before = _left;
        _left = subscription.EndReason is null ? Unknown : subscription.QueuedEvents;
        return _left != Unknown && _left == before;
    }
}
