using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.Model;

/// <summary>The publisher itself, its answers in the words of <see cref="Answers"/>.</summary>
internal sealed class PublisherUnderTest : ISubject
{
    private readonly Publisher<int> _publisher;
    private readonly EventIds _ids = new();
    private readonly List<Reader> _readers = [];
    private int _published;
    private int _begun;
    private int _ended;

    internal PublisherUnderTest(int historyCapacity)
    {
        _publisher = new(new PublisherOptions { HistoryCapacity = historyCapacity, HistoryMaxAge = null });
        _publisher.Subscribed += (_, _) => _begun++;
        _publisher.Unsubscribed += (_, _) => _ended++;
    }

    public string Subscribe(Subscribe how)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<int>
        {
            Channels = how.Channels,
            Properties = _readers.Count,
            InitialData = Enumerable.Repeat(new SseItem<string>("initial"), how.InitialData),
            LastEventId = IdOf(how.LastEvent),
            QueueCapacity = how.Capacity,
            QueueOverflow = how.Overflow,
        });
        _readers.Add(new Reader(subscription, _ids));
        return subscription.Resume.ToString();
    }

    public string Publish(Publish what)
    {
        var number = _published++;
        return Text(what.Kind switch
        {
            Kind.Shared => _publisher.Publish(Answers.Data(number), what.Channels),
            Kind.OwnId => _publisher.Publish(
                new SseItem<string>(Answers.Data(number)) { EventId = _ids.Own(number) }, what.Channels),
            Kind.Comment => _publisher.PublishComment(Answers.Comment(number), what.Channels),
            _ => _publisher.Publish(subscriber => Answers.Personal(what.Kind, number, subscriber), what.Channels),
        });
    }

    public string Read(Read how) => _readers.Count == 0 ? "" : At(how.Reader).Read(how.Count);

    public string Leave(Leave how)
    {
        if (_readers.Count > 0)
            At(how.Reader).Leave(how.Way);
        return "";
    }

    public string Unsubscribe(Unsubscribe whom) =>
        Text(_publisher.Unsubscribe(whom.Channels, whom.OnlyOdd ? subscriber => subscriber % 2 == 1 : null));

    public string Close()
    {
        _publisher.Close();
        return "";
    }

    public string State() => Answers.State(
        channel => _publisher.GetSubscribers(channel).Select(one => one.Properties),
        _readers.Select(reader => reader.Subscription).Select(one =>
            (one.Channels.AsEnumerable(), one.EndReason, one.QueuedEvents, one.DroppedEvents, one.Resume)),
        _begun,
        _ended);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private Reader At(int number) => _readers[number % _readers.Count];

    private string? IdOf(LastEvent? last) =>
        last is null || _readers.Count == 0 ? null
        : last.MadeUp ?? At(last.Reader).Had.AsEnumerable().Reverse().Skip(last.Ago).FirstOrDefault();
}
