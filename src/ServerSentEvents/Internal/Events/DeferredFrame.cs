namespace ServerSentEvents.Internal.Events;

/// <summary>
/// Holds the place of a personalized event for one who subscribed while the event was being made for those who were there:
/// without it, an event would be missing in the midst of that subscriber's stream. The publisher makes it as soon as it
/// has let go of the registry's lock; a reader that comes first makes it itself, or waits that moment.
/// </summary>
internal sealed class DeferredFrame(Func<Frame?> make) : Frame(text: "")
{
    private readonly Lazy<Frame?> _made = new(make);

    /// <summary>Makes it, unless a reader has, and throws what the application's function threw, to either.</summary>
    internal Frame? Make() => _made.Value;

    /// <summary>The frame; null where the function made none, or threw, of which the publisher hears.</summary>
    internal override Frame? Resolve()
    {
        try
        {
            return _made.Value;
        }
        catch (Exception)
        {
            return null;
        }
    }
}
