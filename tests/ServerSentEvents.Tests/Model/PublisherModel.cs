using System.Globalization;

namespace ServerSentEvents.Tests.Model;

/// <summary>A model of a publisher that uses only lists. It is slow, but simple enough to check by reading.</summary>
internal sealed class PublisherModel(int historyCapacity, long historyCapacityBytes) : ISubject
{
    private readonly ModelHistory _history = new(historyCapacity, historyCapacityBytes);
    private readonly List<ModelEvent> _log = [];
    private readonly List<ModelSubscriber> _subscribers = [];
    private int _published;

    public string Subscribe(Subscribe operation)
    {
        var subscriber = new ModelSubscriber(_subscribers.Count, operation);
        var lastId = IdOf(operation.LastEvent);
        var position = lastId is null ? null : Find(lastId, operation.Channels);
        if (position is { } known && HasAllAfter(known, operation.Channels))
        {
            subscriber.Resume = ResumeResult.Resumed;
            subscriber.InitialItems.Add(new ModelItem("", lastId));
            subscriber.InitialItems.AddRange(_log
                .Where(logged => logged.Number > known && logged.Channels.Intersect(operation.Channels).Any())
                .Select(logged => (logged.For(subscriber.Number) ?? ModelItem.Nothing) with
                {
                    IsLost = () => !IsHeld(logged, operation.Channels),
                }));
        }
        else
        {
            subscriber.Resume = lastId is null ? ResumeResult.NotRequested : ResumeResult.Gap;
            subscriber.InitialItems.AddRange(Enumerable.Repeat(new ModelItem("initial", Id: null), operation.InitialData));
            if (historyCapacity > 0 && operation.InitialData > 0)
                subscriber.InitialItems[^1] = new ModelItem("initial", Position());
        }

        _subscribers.Add(subscriber);
        SetSubscribed();
        return subscriber.Resume.ToString();
    }

    public string Publish(Publish operation)
    {
        var published = new ModelEvent(_published++, operation.Kind, operation.Channels, historyCapacity > 0);
        if (operation.Kind != Kind.Comment)
        {
            _log.Add(published);
            if (historyCapacity > 0)
                _history.Add(published);
        }

        var reached = MembersOf(operation.Channels)
            .Count(subscriber => published.For(subscriber.Number) is { } item && subscriber.TryEnqueue(item));
        SetSubscribed();
        return Text(reached);
    }

    public string Read(Read operation)
    {
        if (_subscribers.Count == 0)
            return "";
        var read = SubscriberAt(operation.Subscriber).Read(operation.Count);
        SetSubscribed();
        return read;
    }

    public string Leave(Leave operation)
    {
        if (_subscribers.Count > 0)
            SubscriberAt(operation.Subscriber).Leave(operation.Way);
        SetSubscribed();
        return "";
    }

    public string Unsubscribe(Unsubscribe operation)
    {
        var leaving = MembersOf(operation.Channels)
            .Where(subscriber => !operation.OnlyOdd || subscriber.Number % 2 == 1).ToList();
        leaving.ForEach(subscriber => subscriber.LeaveChannels(operation.Channels));
        SetSubscribed();
        return Text(leaving.Count);
    }

    public string JoinChannels(JoinChannels operation)
    {
        var hasJoined = _subscribers.Count == 0 ? "" : $"{SubscriberAt(operation.Subscriber).JoinChannels(operation.Channels)}";
        SetSubscribed();
        return hasJoined;
    }

    public string LeaveChannels(LeaveChannels operation)
    {
        var hasLeft = _subscribers.Count == 0 ? "" : $"{SubscriberAt(operation.Subscriber).LeaveChannels(operation.Channels)}";
        SetSubscribed();
        return hasLeft;
    }

    public string Disconnect(Disconnect operation)
    {
        var ending = _subscribers.FindAll(subscriber => subscriber.EndReason is null && operation.Matches(subscriber.Number));
        ending.ForEach(subscriber => subscriber.Leave(Way.Dispose));
        SetSubscribed();
        return Text(ending.Count);
    }

    public string Close()
    {
        _subscribers.ForEach(subscriber => subscriber.End(SubscriptionEndReason.Closed));
        SetSubscribed();
        return "";
    }

    public string State() => Results.State(
        channel => MembersOf([channel]).Select(subscriber => subscriber.Number),
        MembersOf(Results.Channels).Select(subscriber => subscriber.Number),
        Results.Channels.Where(channel => MembersOf([channel]).Count > 0),
        _subscribers.Select(subscriber => (
            subscriber.Channels.AsEnumerable(),
            subscriber.EndReason,
            subscriber.QueuedEvents,
            subscriber.Dropped,
            subscriber.Resume)),
        _subscribers.Count,
        _subscribers.Count(subscriber => subscriber.EndReason is not null));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private string Position() => Results.Position(_log.LastOrDefault()?.Number, _log.LastOrDefault()?.Kind ?? default);

    private ModelSubscriber SubscriberAt(int number) => _subscribers[number % _subscribers.Count];

    private List<ModelSubscriber> MembersOf(string[] channels) =>
        _subscribers.FindAll(subscriber => subscriber.EndReason is null && subscriber.Channels.Intersect(channels).Any());

    private string? IdOf(LastEvent? last) =>
        last is null || _subscribers.Count == 0 || last.MadeUp == "" ? null
        : last.MadeUp ?? SubscriberAt(last.Subscriber).ReadIds.AsEnumerable().Reverse().Skip(last.Ago).FirstOrDefault();

    /// <summary>Finds the event that has an id. An id that the application set is known only in the event's channels.</summary>
    private int? Find(string id, string[] channels) =>
        historyCapacity == 0 ? null
        : id == Results.Position(number: null, default) ? -1
        : id[0] == '@' ? int.Parse(id[1..], CultureInfo.InvariantCulture)
        : _log.Find(logged => logged.Id == id) is not { } found ? null
        : found.Kind != Kind.OwnId || IsKnown(found, channels) ? found.Number
        : null;

    /// <summary>Returns whether an event was published to one of the channels, and each of those knows it.</summary>
    private bool IsKnown(ModelEvent found, string[] channels)
    {
        var common = channels.Intersect(found.Channels).ToList();
        return common.Count > 0 && common.TrueForAll(channel => _history.Knows(channel, found));
    }

    /// <summary>Returns whether each of the channels that an event was published to still holds it.</summary>
    private bool IsHeld(ModelEvent found, string[] channels) =>
        channels.Intersect(found.Channels).All(channel => _history.Holds(channel, found));

    /// <summary>Returns whether the channels still hold all events after a position.</summary>
    private bool HasAllAfter(int position, string[] channels) =>
        channels.All(channel => _history.HasAllAfter(channel, position));

    private void SetSubscribed() => _history.SetSubscribed(channel => MembersOf([channel]).Count > 0);
}
