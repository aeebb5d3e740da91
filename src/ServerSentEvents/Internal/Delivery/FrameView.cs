using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>What one kind of reader sees of a frame; false where that kind has no form for it.</summary>
internal delegate bool FrameView<TView>(Frame frame, [MaybeNullWhen(false)] out TView view);

/// <summary>The two ways to see a frame one by one.</summary>
internal static class FrameViews
{
    /// <summary>As the text that goes on the wire.</summary>
    internal static readonly FrameView<string> Text = static (Frame frame, [MaybeNullWhen(false)] out string text) =>
    {
        text = frame.Text;
        return true;
    };

    /// <summary>As an item that somebody else will put on the wire, which has no form for comments.</summary>
    internal static readonly FrameView<SseItem<string>> Item = static (Frame frame, out SseItem<string> item) =>
    {
        item = frame.Item.GetValueOrDefault();
        return frame.Item.HasValue;
    };
}
