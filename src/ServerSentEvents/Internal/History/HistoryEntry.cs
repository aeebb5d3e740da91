using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <summary>
/// One event as history keeps it: the frame that all share, or the function that makes each subscriber its own, so that
/// nobody can be given what was made for another.
/// </summary>
internal sealed class HistoryEntry<TProperties>
{
    private readonly Frame? _shared;
    private readonly Func<TProperties, Frame?>? _make;

    internal HistoryEntry(Frame shared)
    {
        _shared = shared;
        OwnId = shared.OwnId;
    }

    /// <param name="make">Makes a subscriber's frame from its properties.</param>
    /// <param name="ownId">The id that the application gave the event, if it gave it to all subscribers.</param>
    internal HistoryEntry(Func<TProperties, Frame?> make, string? ownId)
    {
        _make = make;
        OwnId = ownId;
    }

    /// <summary>The id that the application gave, under which a client may ask for what comes after; null for none.</summary>
    internal string? OwnId { get; }

    /// <summary>Its place in the order of events. Set once, under the registry's lock, before anybody else sees the entry.</summary>
    internal long Position { get; set; }

    /// <summary>When it was published, as a timestamp of the publisher's clock.</summary>
    internal long PublishedAt { get; set; }

    /// <summary>
    /// Gives the shared frame the id of its place; one that is made for each gets it when it is made. To be called under the
    /// registry's lock, before anybody has the frame.
    /// </summary>
    internal void PlaceShared(Epoch epoch) => _shared?.PlaceAt(epoch, Position);

    /// <summary>The frame for one who was not there when it was published. Runs the application's function.</summary>
    internal Frame? FrameFor(TProperties properties, Epoch epoch)
    {
        if (_shared is not null)
            return _shared;

        var frame = _make!(properties);
        frame?.PlaceAt(epoch, Position);
        return frame;
    }
}
