using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Clients that resume while events are published: no event is lost, and none is sent twice.</summary>
public sealed class ResumeTests(ITestOutputHelper output)
{
    // Not at fields: a reader of a late frame waits by Lazy, whose lock Coyote does not control.
    [Fact]
    public void Subscribe_LastEventIdDuringPublishing_ReceivesEachLaterEventOnce() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10 });
        var first = publisher.Subscribe();
        publisher.Publish("0");
        var items = first.AsItems().GetAsyncEnumerator();
        await items.MoveNextAsync();
        var lastEventId = items.Current.EventId;
        await items.DisposeAsync();

        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            publisher.Publish(_ => "2");
            publisher.Publish("3");
        });
        var resumed = await Task.Run(() => publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = lastEventId }));
        var writer = new CheckedPipeWriter();
        var copying = resumed.CopyToAsync(writer);
        await publishing;
        resumed.Close();
        await copying;
        writer.Return();

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        Wire.DataOf(writer.Flushed).Should().Equal("1", "2", "3");
    }, output, atFields: false);
}
