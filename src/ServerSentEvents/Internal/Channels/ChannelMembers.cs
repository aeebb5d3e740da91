using System.Net.ServerSentEvents;
using System.Threading.Channels;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// The subscribers of one channel, side by side in an array, so that publishing reads memory in order. Joining and leaving take
/// constant time: each subscriber knows its place, and the last member takes the place of one that leaves.
/// </summary>
/// <remarks>Guarded by the registry's lock.</remarks>
internal sealed class ChannelMembers<TProperties>(string name, HistoryFloor historyFloor) : ChannelByteCount
{
    private ChannelMember<TProperties>[] _members = new ChannelMember<TProperties>[1];

    /// <summary>The key functions of members that conflate, with the number of members of each; null for none.</summary>
    private Dictionary<Func<SseItem<string>, string?>, int>? _keyFunctions;

    internal string Name { get; } = name;

    /// <summary>The different key functions of members that conflate; null for none.</summary>
    internal IReadOnlyCollection<Func<SseItem<string>, string?>>? KeyFunctions => _keyFunctions?.Keys;

    internal int Count { get; private set; }

    /// <summary>The place in the index's list of channels, which a <see cref="SubscriberWalk"/> follows.</summary>
    internal int ScanIndex { get; set; }

    /// <summary>The last walk that has marked this channel.</summary>
    internal long Mark { get; set; }

    /// <summary>The floor of the channel, if the history does not have it.</summary>
    internal HistoryFloor HistoryFloor { get; set; } = historyFloor;

    /// <summary>The members, until one joins or leaves.</summary>
    internal Span<ChannelMember<TProperties>> Members => _members.AsSpan(0, Count);

    internal ref ChannelMember<TProperties> this[int index] => ref _members[index];

    /// <summary>Adds a subscriber, and returns its place.</summary>
    /// <param name="subscriber">The subscriber.</param>
    /// <param name="slot">The place of this channel in the subscriber's memberships.</param>
    internal int Add(Subscriber<TProperties> subscriber, int slot)
    {
        if (Count == _members.Length)
            Array.Resize(ref _members, Count * 2);
        _members[Count] = new() { Subscriber = subscriber, Writer = subscriber.Writer, Slot = slot };
        if (subscriber.KeyFunction is { } keyFunction)
            CountKeyFunction(keyFunction, 1);
        return Count++;
    }

    internal void RemoveAt(int index)
    {
        if (_keyFunctions is not null && _members[index].Subscriber.KeyFunction is { } keyFunction)
            CountKeyFunction(keyFunction, -1);
        var last = --Count;
        if (index != last)
        {
            var moved = _members[last];
            _members[index] = moved;
            moved.Subscriber.SetIndexAt(moved.Slot, index);
        }

        _members[last] = default;
        if (Count > 0 && Count <= _members.Length / 4)
            Array.Resize(ref _members, _members.Length / 2);
    }

    private void CountKeyFunction(Func<SseItem<string>, string?> keyFunction, int change)
    {
        _keyFunctions ??= [];
        _keyFunctions.TryGetValue(keyFunction, out var count);
        if (count + change > 0)
            _keyFunctions[keyFunction] = count + change;
        else
            _keyFunctions.Remove(keyFunction);
        if (_keyFunctions.Count == 0)
            _keyFunctions = null;
    }
}

/// <summary>
/// A subscriber's place in a channel. It holds the fields that a publish needs, so that a publish does not read the memory of
/// each subscriber.
/// </summary>
internal struct ChannelMember<TProperties>
{
    private const int CopyBit = 1 << 31;
    private const int LimitBit = 1 << 30;
    private const int SlotBits = LimitBit - 1;

    /// <summary>The <see cref="Slot"/>, with <see cref="CopyBit"/> and <see cref="LimitBit"/>.</summary>
    private int _slot;

    internal Subscriber<TProperties> Subscriber;

    /// <summary>The writer of the subscriber's queue.</summary>
    internal ChannelWriter<object> Writer;

    /// <summary>
    /// The byte count of the channel, in units of 1,024 bytes, up to which the subscriber's queue certainly has room. Valid with
    /// <see cref="LimitBit"/>.
    /// </summary>
    private int _unitLimit;

    /// <summary>The place of this channel in the subscriber's memberships.</summary>
    internal int Slot
    {
        readonly get => _slot & SlotBits;
        set => _slot = (_slot & ~SlotBits) | value;
    }

    /// <summary>True if the subscriber has a copy, which has to be signaled.</summary>
    internal readonly bool HasCopy => (_slot & CopyBit) != 0;

    internal void SetCopy() => _slot |= CopyBit;

    /// <summary>Returns whether the queue certainly has room, without a look at the queue.</summary>
    internal readonly bool HasRoom(int units) => (_slot & LimitBit) != 0 && !ChannelByteCount.IsBeyond(units, _unitLimit);

    internal void SetUnitLimit(int limit)
    {
        _unitLimit = limit;
        _slot |= LimitBit;
    }

    internal void ClearUnitLimit() => _slot &= ~LimitBit;
}

/// <summary>The newest event that the history of a channel has lost. No later event of the channel is missing.</summary>
/// <param name="Position">The position of the event, or a later one if only that is known.</param>
/// <param name="OwnId">The id that the application gave the event at this position; null for none.</param>
internal readonly record struct HistoryFloor(long Position, string? OwnId);
