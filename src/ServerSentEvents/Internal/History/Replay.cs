using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <summary>What a subscriber that resumes is given ahead of the live events.</summary>
internal static class Replay
{
    /// <summary>
    /// Where the client stands, and all that it missed, personalized events made for it anew, outside every lock. Null where
    /// the application's function threw for one of them: what cannot be replayed is a gap.
    /// </summary>
    internal static Frame[]? TryMake<TProperties>(ReplayRange<TProperties> missed, TProperties properties, string lastEventId)
    {
        // First the position: a client takes on a stream's last event id at each blank line, and would lose its own.
        var frames = new List<Frame>(missed.Entries.Count + 1) { Frame.ForPosition(lastEventId) };
        try
        {
            foreach (var entry in missed.Entries)
            {
                if (entry.FrameFor(properties, missed.Epoch) is { } frame)
                    frames.Add(frame);
            }
        }
        catch (Exception)
        {
            return null;
        }

        return [.. frames];
    }
}
