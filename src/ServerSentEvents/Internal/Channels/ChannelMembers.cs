namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// The subscribers of one channel, side by side in an array, so that publishing reads memory in order. Joining and leaving
/// take the same time for any number: each subscriber knows its place, and the last one fills a gap.
/// </summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal sealed class ChannelMembers<TProperties>(string name, long historyFloor)
{
    private ChannelMember<TProperties>[] _members = new ChannelMember<TProperties>[1];

    internal string Name { get; } = name;

    internal int Count { get; private set; }

    /// <summary>The last walk that has marked this channel.</summary>
    internal long Mark { get; set; }

    /// <summary>Events up to this position may be missing from the history, if the history has no entry for this channel.</summary>
    internal long HistoryFloor { get; set; } = historyFloor;

    internal ref readonly ChannelMember<TProperties> this[int index] => ref _members[index];

    internal bool EndsWith(Subscriber<TProperties> subscriber) =>
        Count > 0 && ReferenceEquals(_members[Count - 1].Subscriber, subscriber);

    /// <summary>Adds a subscriber, whose membership of this channel stands at <paramref name="slot"/>, and returns its place.</summary>
    internal int Add(Subscriber<TProperties> subscriber, int slot)
    {
        if (Count == _members.Length)
            Array.Resize(ref _members, Count * 2);
        _members[Count] = new(subscriber, slot);
        return Count++;
    }

    /// <summary>Moves the membership of the subscriber at a place to another slot.</summary>
    internal void SetSlot(int index, int slot) => _members[index] = _members[index] with { Slot = slot };

    internal void RemoveAt(int index)
    {
        var last = --Count;
        if (index != last)
        {
            var moved = _members[last];
            _members[index] = moved;
            moved.Subscriber.MembershipAt(moved.Slot).Index = index;
        }

        _members[last] = default;
        if (Count > 0 && Count <= _members.Length / 4)
            Array.Resize(ref _members, _members.Length / 2);
    }
}

/// <summary>A subscriber's place in a channel.</summary>
/// <param name="Subscriber">The subscriber.</param>
/// <param name="Slot">The place of this channel in the subscriber's memberships.</param>
internal readonly record struct ChannelMember<TProperties>(Subscriber<TProperties> Subscriber, int Slot);
