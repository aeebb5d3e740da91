using System.Globalization;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// A message on its way to the stream and back: a marker, or some events in their order. Guarded by the lock of the
/// <see cref="Outbox"/>.
/// </summary>
internal sealed class OutgoingMessage
{
    private string _epoch = "";
    private long _offset;

    /// <summary>How many of its items have been delivered on this node.</summary>
    private int _delivered;

    /// <summary>How many of its items, from the first, have arrived.</summary>
    private int _arrived;

    /// <param name="sequence">Its number among those of this node.</param>
    /// <param name="items">What it brings.</param>
    internal OutgoingMessage(ulong sequence, OutgoingItem[] items)
    {
        (Sequence, Items) = (sequence, items);
        Body = MessageFormat.Encode([.. items.Select(static item => item.Encoded).OfType<byte[]>()]);
        foreach (var item in items)
            item.Message = this;
    }

    internal ulong Sequence { get; }

    internal OutgoingItem[] Items { get; private set; }

    /// <summary>To be stamped when it is sent.</summary>
    internal byte[] Body { get; }

    internal bool IsMarker => Items is [{ MarkerEpoch: not null }];

    /// <summary>When this connection was given it, as a timestamp.</summary>
    internal long SentAt { get; set; }

    /// <summary>Whether it waits to be sent again.</summary>
    internal bool IsToBeSentAgain { get; set; }

    internal bool IsConfirmed { get; private set; }

    /// <summary>Whether it has come back: the stream has it.</summary>
    internal bool IsRead { get; private set; }

    internal bool IsDelivered => _delivered >= Items.Length;

    /// <summary>Whether the stream needs nothing more of it.</summary>
    internal bool IsSettled => Array.TrueForAll(Items, static item => item.IsSettled);

    /// <summary>Another message is to bring what this one should have: from here on nobody waits for it.</summary>
    internal OutgoingItem[] TakeItems()
    {
        var items = Items;
        Items = [];
        return items;
    }

    internal void SetConfirmed()
    {
        IsConfirmed = true;
        Arrive();
    }

    /// <param name="epoch">The name of the epoch that it was read in.</param>
    /// <param name="offset">Where it stands in the stream.</param>
    internal void SetRead(string epoch, long offset) => (IsRead, _epoch, _offset) = (true, epoch, offset);

    /// <summary>The next of its items is delivered.</summary>
    internal void SetDelivered()
    {
        _delivered++;
        Arrive();
    }

    private void Arrive()
    {
        for (; IsConfirmed && _arrived < _delivered; _arrived++)
            Items[_arrived].Arrive(string.Create(CultureInfo.InvariantCulture, $"{_epoch}-{EventPosition.Of(_offset, _arrived)}"));
    }
}
