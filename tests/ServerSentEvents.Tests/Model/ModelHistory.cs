namespace ServerSentEvents.Tests.Model;

/// <summary>The history in the model: the events that each channel holds, and the newest one that it has lost.</summary>
internal sealed class ModelHistory(int capacity, long capacityBytes)
{
    /// <summary>The channels that hold events, the oldest event first.</summary>
    private readonly Dictionary<string, List<ModelEvent>> _held = [];

    /// <summary>The newest lost events of the channels that hold events.</summary>
    private readonly Dictionary<string, Floor> _floors = [];

    /// <summary>The newest lost events of the channels that have subscribers, from the time when such a channel held no events.</summary>
    private readonly Dictionary<string, Floor> _subscribedFloors = [];

    /// <summary>The newest lost event of all other channels.</summary>
    private int _commonFloor = -1;

    internal void Add(ModelEvent added)
    {
        foreach (var channel in added.Channels.Distinct())
        {
            if (_held.TryAdd(channel, []))
                _floors[channel] = LostByEmpty(channel);
            if (_held[channel].Count == capacity)
                EvictOldest(channel);
            _held[channel].Add(added);
        }

        while (_held.Values.SelectMany(held => held).Distinct().Sum(held => held.Bytes) > capacityBytes)
        {
            var oldest = _held.Values.SelectMany(held => held).MinBy(held => held.Number)!;
            foreach (var channel in oldest.Channels.Distinct().Where(channel => Holds(channel, oldest)))
            {
                EvictOldest(channel);
                if (_held[channel].Count == 0)
                    Remove(channel);
            }
        }
    }

    internal bool Holds(string channel, ModelEvent held) => _held.TryGetValue(channel, out var events) && events.Contains(held);

    /// <summary>Returns whether a channel holds an event, or knows that it was the newest one that the channel has lost.</summary>
    internal bool Knows(string channel, ModelEvent found) => Holds(channel, found) || LostBy(channel).Event == found;

    internal bool HasAllAfter(string channel, int position) => position >= LostBy(channel).Number;

    /// <summary>Updates the channels that have subscribers. Call after each operation.</summary>
    internal void SetSubscribed(Func<string, bool> hasSubscribers)
    {
        foreach (var channel in Results.Channels)
        {
            if (hasSubscribers(channel))
            {
                _subscribedFloors.TryAdd(channel, new(_commonFloor, Event: null));
            }
            else if (_subscribedFloors.Remove(channel, out var floor))
            {
                _commonFloor = Math.Max(_commonFloor, floor.Number);
            }
        }
    }

    private Floor LostBy(string channel) => _floors.TryGetValue(channel, out var floor) ? floor : LostByEmpty(channel);

    private Floor LostByEmpty(string channel) =>
        _subscribedFloors.TryGetValue(channel, out var floor) ? floor : new(_commonFloor, Event: null);

    private void EvictOldest(string channel)
    {
        var oldest = _held[channel][0];
        _held[channel].RemoveAt(0);
        _floors[channel] = new(oldest.Number, oldest);
    }

    private void Remove(string channel)
    {
        _held.Remove(channel);
        _floors.Remove(channel, out var floor);
        if (!_subscribedFloors.TryGetValue(channel, out var subscribed))
            _commonFloor = Math.Max(_commonFloor, floor.Number);
        else if (floor.Number >= subscribed.Number)
            _subscribedFloors[channel] = floor;
    }

    /// <summary>The newest lost event: its number, and the event itself if that is known.</summary>
    private readonly record struct Floor(int Number, ModelEvent? Event);
}
