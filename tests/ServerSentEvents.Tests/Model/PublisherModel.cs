using System.Globalization;

namespace ServerSentEvents.Tests.Model;

/// <summary>What a publisher promises, in nothing but lists: slow, small, and right at sight.</summary>
internal sealed class PublisherModel(int historyCapacity) : ISubject
{
    private readonly List<ModelEvent> _log = [];
    private readonly List<ModelSubscriber> _subscribers = [];
    private int _published;

    public string Subscribe(Subscribe how)
    {
        var subscriber = new ModelSubscriber(_subscribers.Count, how);
        var lastId = IdOf(how.LastEvent);
        var position = lastId is null ? null : Find(lastId, how.Channels);
        if (position is { } known && Remembered(known, how.Channels))
        {
            subscriber.Resume = ResumeResult.Resumed;
            subscriber.Seed.Add(new ModelItem("", lastId));
            subscriber.Seed.AddRange(_log
                .Where(one => one.Number > known && one.Channels.Intersect(how.Channels).Any())
                .Select(one => one.For(subscriber.Number)).OfType<ModelItem>());
        }
        else
        {
            subscriber.Resume = lastId is null ? ResumeResult.NotRequested : ResumeResult.Gap;
            subscriber.Seed.AddRange(Enumerable.Repeat(new ModelItem("initial", Id: null), how.InitialData));
        }

        _subscribers.Add(subscriber);
        return subscriber.Resume.ToString();
    }

    public string Publish(Publish what)
    {
        var published = new ModelEvent(_published++, what.Kind, what.Channels, historyCapacity > 0);
        if (what.Kind != Kind.Comment)
            _log.Add(published);
        return Text(Of(what.Channels).Count(one => published.For(one.Number) is { } item && one.Take(item)));
    }

    public string Read(Read how) => _subscribers.Count == 0 ? "" : At(how.Reader).Read(how.Count);

    public string Leave(Leave how)
    {
        if (_subscribers.Count > 0)
            At(how.Reader).Leave(how.Way);
        return "";
    }

    public string Unsubscribe(Unsubscribe whom)
    {
        var leaving = Of(whom.Channels).Where(one => !whom.OnlyOdd || one.Number % 2 == 1).ToList();
        foreach (var one in leaving)
        {
            if (one.Channels.All(whom.Channels.Contains))
                one.End(SubscriptionEndReason.Unsubscribed);
            else
                one.Channels.RemoveAll(whom.Channels.Contains);
        }

        return Text(leaving.Count);
    }

    public string Close()
    {
        _subscribers.ForEach(one => one.End(SubscriptionEndReason.Closed));
        return "";
    }

    public string State() => Answers.State(
        channel => Of([channel]).Select(one => one.Number),
        _subscribers.Select(one =>
            (one.Channels.AsEnumerable(), one.EndReason, one.QueuedEvents, one.Dropped, one.Resume)),
        _subscribers.Count,
        _subscribers.Count(one => one.EndReason is not null));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private ModelSubscriber At(int number) => _subscribers[number % _subscribers.Count];

    private List<ModelSubscriber> Of(string[] channels) =>
        _subscribers.FindAll(one => one.EndReason is null && one.Channels.Intersect(channels).Any());

    private string? IdOf(LastEvent? last) =>
        last is null || _subscribers.Count == 0 || last.MadeUp == "" ? null
        : last.MadeUp ?? At(last.Reader).Had.AsEnumerable().Reverse().Skip(last.Ago).FirstOrDefault();

    /// <summary>The event of that id. An id of the application's own is known in the event's channels, as long as they hold it.</summary>
    private int? Find(string id, string[] channels) =>
        _log.Find(one => one.Id == id) is not { } found || historyCapacity == 0 ? null
        : found.Kind != Kind.OwnId || channels.Any(channel => StandsIn(channel, found)) ? found.Number
        : null;

    /// <summary>A channel holds its last events, and still knows the id of the one before them.</summary>
    private bool StandsIn(string channel, ModelEvent found) =>
        _log.Where(one => one.Channels.Contains(channel)).Reverse().Take(historyCapacity + 1).Contains(found);

    /// <summary>Whether no channel has forgotten anything that came after.</summary>
    private bool Remembered(int position, string[] channels) => channels.All(channel =>
        _log.Count(one => one.Number > position && one.Channels.Contains(channel)) <= historyCapacity);
}
