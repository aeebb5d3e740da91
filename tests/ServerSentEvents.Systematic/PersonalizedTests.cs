using Microsoft.Coyote.Runtime;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests subscriptions that join while a personalized event is being made for other subscriptions.</summary>
public sealed class PersonalizedTests(ITestOutputHelper output)
{
    [Fact]
    public void Publish_SubscriptionWithCopyJoinsDuringPublish_GetsEventFromPublishingTask() => Schedules.Explore(async () =>
    {
        var publisher = NewPublisher();
        var early = publisher.Subscribe(properties: "early");
        CheckedPipeWriter[] writers = [new(), new()];
        var copying = early.CopyToAsync(writers[0]);

        var publishing = Task.Run(() => PublishPersonalized(publisher));
        var late = await Task.Run(() => publisher.Subscribe(properties: "late"));
        var copyingLate = late.CopyToAsync(writers[1]);
        var sent = await publishing;
        // Wait before the next event and the end: they would wake copies that the personalized event did not wake.
        await ScheduledThreadPool.WaitUntilIdleAsync();

        var received = Array.ConvertAll(writers, writer => Wire.DataOf(writer.Flushed).ToArray());
        publisher.Close();
        await copying;
        await copyingLate;
        received[0].Should().Equal("early");
        string.Concat(received[1]).Should().BeOneOf("", "late");
        (received[0].Length + received[1].Length).Should().Be(sent);
    }, output);

    [Fact]
    public void Publish_EnumeratedSubscriptionJoinsDuringPublish_GetsEventFromPublishingTask() => Schedules.Explore(async () =>
    {
        var publisher = NewPublisher();
        var early = publisher.Subscribe(properties: "early");

        var publishing = Task.Run(() => Publish(publisher));
        var late = await Task.Run(() => publisher.Subscribe(properties: "late"));
        var reading = Task.Run(() => ReadAllAsync(late));
        var sent = await publishing;
        publisher.Close();

        var received = await reading;
        CheckReceived(await ReadAllAsync(early), received, sent);
    }, output);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Publish_LateSubscriptionEnds_ReaderDoesNotWaitForEvent(bool isCanceled) => Schedules.Explore(async () =>
    {
        var publisher = NewPublisher();
        publisher.Subscribe(properties: "early");
        var readerEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lateJoined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancellation = new CancellationTokenSource();

        var publishing = Task.Run(() => publisher.Publish(name =>
        {
            // The queue of the late subscription has a place for the event. Its reader must end before the event is made.
            (name == "early" ? lateJoined : readerEnded).Task.Wait();
            return name;
        }));
        var late = publisher.Subscribe(properties: "late");
        var reading = Task.Run(() => ReadAllAsync(late, cancellation.Token));
        lateJoined.SetResult();
        // Only one of the two runs. The second would wake a reader that the first has left waiting.
        var ending = Task.Run(isCanceled ? cancellation.Cancel : late.Dispose);
        await reading;
        readerEnded.SetResult();
        await publishing;
        await ending;

        late.QueuedEvents.Should().Be(0);
    }, output);

    [Fact]
    public void Publish_LateCopyCanceled_EndsOnce() => Schedules.Explore(async () =>
    {
        var ends = 0;
        var publisher = NewPublisher();
        publisher.Subscribe(properties: "early");
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);
        using var cancellation = new CancellationTokenSource();

        var publishing = Task.Run(() => Publish(publisher));
        var late = await Task.Run(() => publisher.Subscribe(properties: "late"));
        var writer = new CheckedPipeWriter();
        var copying = late.CopyToAsync(writer, cancellation.Token);
        var disposing = Task.Run(late.Dispose);
        var canceling = Task.Run(cancellation.Cancel);
        try
        {
            await copying;
        }
        catch (OperationCanceledException)
        {
            // The cancellation came before the disposal.
        }

        writer.Return();
        await disposing;
        await canceling;
        await publishing;

        ends.Should().Be(1);
        late.QueuedEvents.Should().Be(0);
        string.Concat(Wire.DataOf(writer.Written)).Should().BeOneOf("", "late", "late2", "2");
    }, output);

    private static Publisher<string> NewPublisher() => new(new PublisherOptions { TimeProvider = new ScenarioClock() });

    /// <summary>Publishes a personalized event and another event, and returns the number of queues that took them.</summary>
    private static int Publish(Publisher<string> publisher) => PublishPersonalized(publisher) + publisher.Publish("2");

    private static int PublishPersonalized(Publisher<string> publisher)
    {
        var thread = Environment.CurrentManagedThreadId;
        var made = new List<string>();
        var sent = publisher.Publish(name =>
        {
            Environment.CurrentManagedThreadId.Should().Be(thread);
            made.Add(name);
            SchedulingPoint.Interleave();
            return name;
        });
        made.Should().OnlyHaveUniqueItems();
        return sent;
    }

    private static void CheckReceived(string[] early, string[] late, int sent)
    {
        early.Should().Equal("early", "2");
        string.Concat(late).Should().BeOneOf("", "late2", "2");
        (early.Length + late.Length).Should().Be(sent);
    }

    private static async Task<string[]> ReadAllAsync(Subscription<string> subscription, CancellationToken cancellationToken = default)
    {
        var text = "";
        var events = subscription.GetAsyncEnumerator(cancellationToken);
        try
        {
            while (await events.MoveNextAsync())
                text += events.Current;
        }
        catch (OperationCanceledException)
        {
            // The caller has canceled.
        }
        finally
        {
            await events.DisposeAsync();
        }

        return [.. Wire.DataOf(text)];
    }
}
