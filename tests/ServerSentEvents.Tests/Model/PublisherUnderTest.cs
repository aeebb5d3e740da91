using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.Model;

/// <summary>The real publisher. <see cref="Results"/> formats its results.</summary>
internal sealed class PublisherUnderTest : ISubject
{
    private readonly Publisher<int> _publisher;
    private readonly EventIds _ids = new();
    private readonly List<Reader> _readers = [];
    private int _published;
    private (int? Number, Kind Kind) _lastEvent;
    private int _subscribed;
    private int _ended;

    internal PublisherUnderTest(int historyCapacity, long historyCapacityBytes)
    {
        _publisher = new(new PublisherOptions
        {
            HistoryCapacity = historyCapacity,
            HistoryCapacityBytes = historyCapacityBytes,
            HistoryMaxAge = null,
        });
        _publisher.Subscribed += (_, _) => _subscribed++;
        _publisher.Unsubscribed += (_, _) => _ended++;
    }

    public string Subscribe(Subscribe operation)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<int>
        {
            Channels = operation.Channels,
            Properties = _readers.Count,
            InitialData = Enumerable.Repeat(new SseItem<string>("initial"), operation.InitialData),
            LastEventId = IdOf(operation.LastEvent),
            QueueCapacity = operation.Capacity,
            QueueOverflow = operation.Overflow,
        });
        _readers.Add(new Reader(subscription, _ids, Results.Position(_lastEvent.Number, _lastEvent.Kind)));
        return subscription.Resume.ToString();
    }

    public string Publish(Publish operation)
    {
        var number = _published++;
        if (operation.Kind != Kind.Comment)
            _lastEvent = (number, operation.Kind);
        return Text(operation.Kind switch
        {
            Kind.Shared => _publisher.Publish(Results.Data(number), operation.Channels),
            Kind.OwnId => _publisher.Publish(
                new SseItem<string>(Results.Data(number)) { EventId = _ids.Own(number) }, operation.Channels),
            Kind.Comment => _publisher.PublishComment(Results.Comment(number), operation.Channels),
            _ => _publisher.Publish(
                subscriber => Results.PersonalizedData(operation.Kind, number, subscriber), operation.Channels),
        });
    }

    public string Read(Read operation) => _readers.Count == 0 ? "" : ReaderAt(operation.Subscriber).Read(operation.Count);

    public string Leave(Leave operation)
    {
        if (_readers.Count > 0)
            ReaderAt(operation.Subscriber).Leave(operation.Way);
        return "";
    }

    public string Unsubscribe(Unsubscribe operation) =>
        Text(_publisher.Unsubscribe(operation.Channels, operation.OnlyOdd ? subscriber => subscriber % 2 == 1 : null));

    public string JoinChannels(JoinChannels operation) =>
        _readers.Count == 0 ? "" : $"{ReaderAt(operation.Subscriber).Subscription.Join(operation.Channels)}";

    public string LeaveChannels(LeaveChannels operation) =>
        _readers.Count == 0 ? "" : $"{ReaderAt(operation.Subscriber).Subscription.Leave(operation.Channels)}";

    public string Disconnect(Disconnect operation) => Text(_publisher.Disconnect(operation.Matches));

    public string Close()
    {
        _publisher.Close();
        return "";
    }

    public string State() => Results.State(
        channel => _publisher.GetSubscribers(channel).Select(subscription => subscription.Properties),
        _publisher.GetAllSubscribers().Select(subscription => subscription.Properties),
        _publisher.GetChannels(),
        _readers.Select(reader => reader.Subscription).Select(subscription => (
            subscription.Channels.AsEnumerable(),
            subscription.EndReason,
            subscription.QueuedEvents,
            subscription.DroppedEvents,
            subscription.Resume)),
        _subscribed,
        _ended);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private Reader ReaderAt(int number) => _readers[number % _readers.Count];

    private string? IdOf(LastEvent? last) =>
        last is null || _readers.Count == 0 ? null
        : last.MadeUp ?? ReaderAt(last.Subscriber).ReadIds.AsEnumerable().Reverse().Skip(last.Ago).FirstOrDefault();
}
