using System.Diagnostics.CodeAnalysis;

namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// The subscribers of each channel. Subscribers know their places in their channels, so the time to join or leave a channel does not
/// depend on the number of its subscribers. A channel without subscribers takes no memory.
/// </summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal sealed partial class ChannelIndex<TProperties>
{
    private readonly NameTable<ChannelMembers<TProperties>> _channels = new();

    /// <summary>The channels in the order of a <see cref="SubscriberWalk"/>.</summary>
    private readonly List<ChannelMembers<TProperties>> _scan = [];

    /// <summary>An array for the membership of a subscriber that joins its only channel, reused to make no garbage. Empty at other times.</summary>
    private readonly Membership<TProperties>[] _joined = new Membership<TProperties>[1];

    private long _joins;

    /// <summary>The number of the latest walk.</summary>
    private long _walk;

    /// <summary>The floor of channels that have no subscribers and are not in the history.</summary>
    private HistoryFloor _historyFloor;

    /// <summary>The number of times that subscribers have ever joined channels. Can be read without the lock.</summary>
    internal long Joins
    {
        get => Volatile.Read(ref _joins);
        private set => Volatile.Write(ref _joins, value);
    }

    internal bool TryGet(string channel, [NotNullWhen(true)] out ChannelMembers<TProperties>? members) =>
        _channels.TryGet(channel, out members);

    /// <summary>The channels that have a subscriber. Valid until a subscriber joins or leaves.</summary>
    internal IReadOnlyList<ChannelMembers<TProperties>> Channels => _scan;

    /// <summary>Any subscriber; null if there is none. The time does not depend on the number of channels.</summary>
    internal Subscriber<TProperties>? AnySubscriber => _scan.Count > 0 ? _scan[^1][_scan[^1].Count - 1].Subscriber : null;

    internal long NewWalk() => ++_walk;

    /// <summary>Visits the subscribers of the channels that this walk has not visited yet.</summary>
    internal MemberEnumerator<TProperties> Visit(in ChannelNames channels, long walk) => new(this, channels, walk);

    /// <summary>Visits the subscribers of the channels, each once. A single channel needs no marks on its subscribers.</summary>
    internal MemberEnumerator<TProperties> Visit(in ChannelNames channels) =>
        new(this, channels, channels.Count == 1 ? null : NewWalk());

    /// <summary>
    /// Adds a subscriber to the channels that it is not in yet. A new subscriber is in none. Returns false if nothing changed.
    /// </summary>
    internal bool Join(Subscriber<TProperties> subscriber, in ChannelNames channels)
    {
        if (channels.Count == 0)
            return false;
        var walk = NewWalk();
        var present = subscriber.MembershipCount;
        var largest = present + channels.Count;
        var memberships = largest == 1 ? _joined : new Membership<TProperties>[largest];
        for (var slot = 0; slot < present; slot++)
        {
            memberships[slot] = subscriber.MembershipAt(slot);
            memberships[slot].Channel.Mark = walk;
        }

        var count = present;
        for (var i = 0; i < channels.Count; i++)
        {
            var channel = GetOrAdd(channels[i]);
            if (channel.Mark == walk)
                continue;
            channel.Mark = walk;
            memberships[count] = new(channel, channel.Add(subscriber, count));
            count++;
        }

        if (count == present)
            return false;
        Joins++;
        // From now on, the subscriber counts its own bytes.
        if (present == 1)
            memberships[0].Channel[memberships[0].Index].ClearUnitLimit();
        subscriber.SetMemberships(memberships.AsSpan(0, count));
        _joined[0] = default;
        if (subscriber.Copy is not null)
            subscriber.SetCopy();
        return true;
    }

    /// <summary>
    /// Visits the next subscribers of a walk over all subscribers. A subscriber that joins or leaves a channel between two steps can be
    /// left out or visited twice.
    /// </summary>
    /// <param name="walk">The walk.</param>
    /// <param name="budget">The number of channels and subscribers to look at, at least 2. Reduced by those that were looked at.</param>
    /// <param name="visit">The function that is called for each subscriber.</param>
    internal void VisitNext(ref SubscriberWalk walk, ref int budget, Action<Subscriber<TProperties>> visit)
    {
        // Go from the end: the last item takes the place of a removed item, and the walk has already visited the last item.
        if (walk.ChannelsLeft > _scan.Count)
            (walk.ChannelsLeft, walk.MembersLeft) = (_scan.Count, int.MaxValue);
        while (walk.ChannelsLeft > 0 && budget > 1)
        {
            budget--;
            var members = _scan[walk.ChannelsLeft - 1].Members;
            for (walk.MembersLeft = Math.Min(walk.MembersLeft, members.Length); walk.MembersLeft > 0 && budget > 0; walk.MembersLeft--, budget--)
            {
                // A subscriber of several channels is visited in the first of them.
                if (members[walk.MembersLeft - 1].Slot == 0)
                    visit(members[walk.MembersLeft - 1].Subscriber);
            }

            if (walk.MembersLeft > 0)
                return;
            walk.MembersLeft = int.MaxValue;
            walk.ChannelsLeft--;
        }
    }

    /// <summary>Returns the floor of a channel that the history does not have.</summary>
    internal HistoryFloor HistoryFloorOf(string channel) => TryGet(channel, out var members) ? members.HistoryFloor : _historyFloor;

    /// <summary>Stores the floor of a channel that the history has removed.</summary>
    internal void RaiseHistoryFloor(string channel, HistoryFloor floor)
    {
        if (!TryGet(channel, out var members))
            RaiseCommonFloor(floor.Position);
        else if (floor.Position >= members.HistoryFloor.Position)
            members.HistoryFloor = floor;
    }

    /// <summary>Starts again at a position. Call while no channel has subscribers.</summary>
    internal void ResetHistoryFloor(long position) => _historyFloor = new(position, OwnId: null);

    private ChannelMembers<TProperties> GetOrAdd(string name)
    {
        if (TryGet(name, out var channel))
            return channel;
        channel = new(name, _historyFloor) { ScanIndex = _scan.Count };
        _channels.Add(name, channel);
        _scan.Add(channel);
        return channel;
    }

    /// <summary>Raises the common floor. It has no own id, because an id belongs to the channels of its event.</summary>
    private void RaiseCommonFloor(long position) => _historyFloor = new(Math.Max(_historyFloor.Position, position), OwnId: null);
}

/// <summary>
/// A walk over all subscribers, in steps under the registry's lock. The caller releases the lock between two steps, so that no thread
/// waits long for the lock. A mutable struct: pass it by reference.
/// </summary>
internal struct SubscriberWalk
{
    /// <summary>The number of channels and subscribers to look at in one step.</summary>
    internal const int StepSize = 1_024;

    /// <summary>The number of channels that are left to visit; more than there are before the first step.</summary>
    internal int ChannelsLeft = int.MaxValue;

    /// <summary>The number of members that are left in the current channel; more than there are before the first one.</summary>
    internal int MembersLeft = int.MaxValue;

    public SubscriberWalk()
    {
    }

    internal readonly bool IsAtEnd => ChannelsLeft == 0;
}
