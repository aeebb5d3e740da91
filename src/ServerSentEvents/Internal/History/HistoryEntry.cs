using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.History;

/// <summary>
/// One event as the history keeps it: the frame that all subscribers share, or the function that makes a frame for each, so
/// that no subscriber can get the frame of another.
/// </summary>
internal sealed class HistoryEntry<TProperties>
{
    /// <summary>
    /// The frame, or a <see cref="PersonalizedContent"/>. This is one field, because there can be millions of entries.
    /// </summary>
    private readonly object _content;

    internal HistoryEntry(Frame shared)
    {
        _content = shared;
        OwnId = shared.OwnId;
    }

    /// <param name="make">Makes a subscriber's frame from its properties.</param>
    /// <param name="ownId">The id that the application gave the event, if it gave one id to all subscribers.</param>
    /// <param name="hasFrames">True if a frame was made for a subscriber when the event was published.</param>
    /// <param name="bytes">The bytes of the event of a backplane that the function holds; 0 for none.</param>
    internal HistoryEntry(FrameMaker<TProperties> make, string? ownId, bool hasFrames, int bytes)
    {
        _content = new PersonalizedContent(make) { HasFinalId = hasFrames || ownId is not null };
        OwnId = ownId;
        Bytes = bytes;
    }

    /// <summary>The frame of all subscribers; null for a personalized event.</summary>
    internal Frame? Shared => _content as Frame;

    /// <summary>The application's function; null for a shared event.</summary>
    internal FrameMaker<TProperties>? Make => (_content as PersonalizedContent)?.Make;

    /// <summary>The channels of a personalized event.</summary>
    internal ChannelNames PersonalizedChannels => _content is PersonalizedContent personalized ? personalized.Channels : [];

    /// <summary>The id that the application gave; null for none.</summary>
    internal string? OwnId { get; private set; }

    internal EventPosition Place { get; private set; }

    internal long Position => Place.Value;

    /// <summary>The time of publishing, as a timestamp of the publisher's clock.</summary>
    internal long PublishedAt { get; private set; }

    /// <summary>The number of channels whose history has this entry. Guarded by the registry's lock.</summary>
    internal int Channels { get; set; }

    /// <summary>
    /// The size of the framed event, or of the event that the function of a backplane holds; 0 for a function of the application. It
    /// is kept here, because an eviction would have to load the frame, which nothing has used for a long time.
    /// </summary>
    internal int Bytes { get; private set; }

    /// <summary>
    /// Returns whether a frame that was made later has an own id that is not the id of the entry. Call after <see cref="PlaceAt"/>.
    /// Without the registry's lock, the answer can be out of date.
    /// </summary>
    internal bool HasOtherId(Frame frame) =>
        frame.OwnId is { Length: > 0 } id && !string.Equals(id, OwnId, StringComparison.Ordinal);

    /// <summary>
    /// Gives the entry the own id of its first frame, if no frame was made when the event was published. Returns false if another frame
    /// came first: this id then names no position. Needs the registry's lock.
    /// </summary>
    internal bool TrySetOwnId(string id)
    {
        if (_content is not PersonalizedContent { HasFinalId: false } personalized)
            return false;
        (OwnId, personalized.HasFinalId) = (id, true);
        return true;
    }

    /// <summary>Gives the entry its place. Needs the registry's lock. Call before a reader can have the entry.</summary>
    internal void PlaceAt(EventIds ids, EventPosition place, long publishedAt, in ChannelNames channels)
    {
        Place = place;
        PublishedAt = publishedAt;
        if (Shared is { } shared)
        {
            shared.PlaceAt(ids, place);
            Bytes = shared.Length;
        }
        else
        {
            ((PersonalizedContent)_content).Channels = channels;
        }

        if (OwnId is not null && ids.TryParse(OwnId, out _))
            OwnId = null;
    }

    /// <summary>The function of a personalized event, and the channels of the event.</summary>
    private sealed class PersonalizedContent(FrameMaker<TProperties> make)
    {
        internal FrameMaker<TProperties> Make { get; } = make;

        /// <summary>True if <see cref="OwnId"/> does not change anymore.</summary>
        internal bool HasFinalId { get; set; }

        internal ChannelNames Channels { get; set; }
    }
}
