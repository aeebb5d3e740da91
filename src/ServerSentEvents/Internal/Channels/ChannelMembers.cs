using System.Threading.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// The subscribers of one channel, side by side in an array, so that publishing walks memory in order. Joining and leaving
/// take the same time however many there are: each subscriber knows its place, and the last one fills a gap.
/// </summary>
/// <remarks>Needs the registry's lock throughout, but for <see cref="Name"/>.</remarks>
internal sealed class ChannelMembers<TProperties>(string name)
{
    private ChannelMember<TProperties>[] _entries = new ChannelMember<TProperties>[1];

    internal string Name { get; } = name;

    internal int Count { get; private set; }

    /// <summary>The last walk that has marked this channel.</summary>
    internal long Mark { get; set; }

    internal ref readonly ChannelMember<TProperties> this[int index] => ref _entries[index];

    /// <summary>True if <paramref name="subscriber"/> is the one that joined last.</summary>
    internal bool EndsWith(Subscription<TProperties> subscriber) =>
        Count > 0 && ReferenceEquals(_entries[Count - 1].Subscriber, subscriber);

    /// <summary>Takes a subscriber in, whose membership of this channel stands at <paramref name="slot"/>; returns its place.</summary>
    internal int Add(Subscription<TProperties> subscriber, int slot)
    {
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Count * 2);
        _entries[Count] = new(subscriber, subscriber.Queue.Writer, slot);
        return Count++;
    }

    /// <summary>The subscriber at a place has its membership of this channel at another slot now.</summary>
    internal void SetSlot(int index, int slot) => _entries[index] = _entries[index] with { Slot = slot };

    /// <summary>The subscriber at a place is written to in another way now.</summary>
    internal void SetWriter(int index, ChannelWriter<Frame> writer) => _entries[index] = _entries[index] with { Writer = writer };

    internal void RemoveAt(int index)
    {
        var last = --Count;
        if (index != last)
        {
            var moved = _entries[last];
            _entries[index] = moved;
            moved.Subscriber.Memberships[moved.Slot].Index = index;
        }

        _entries[last] = default;
        if (Count > 0 && Count <= _entries.Length / 4)
            Array.Resize(ref _entries, _entries.Length / 2);
    }
}
