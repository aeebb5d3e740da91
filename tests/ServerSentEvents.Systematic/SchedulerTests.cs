using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests the workers that write for all copies. Every queue is written, by one worker at a time.</summary>
public sealed class SchedulerTests(ITestOutputHelper output)
{
    private const int Workers = 2;

    [Fact]
    public void Publish_WorkersRetireDuringPublish_EveryCopyWritesEverything() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var users = new UserCount(Workers);
        CheckedPipeWriter[] writers = [new() { Users = users }, new() { Users = users }, new() { Users = users }];
        var copies = Array.ConvertAll(writers, writer => publisher.Subscribe().CopyToAsync(writer));

        var publishing = Task.Run(() => Publish(publisher, first: 1, last: 4));
        await ScheduledThreadPool.WaitUntilIdleAsync();
        await publishing;
        await ScheduledThreadPool.WaitUntilIdleAsync();

        // Wait before the end, because the end would wake the copies again.
        writers.Should().OnlyContain(writer => writer.Flushed == Wire.Events("1", "2", "3", "4"));
        publisher.Close();
        foreach (var copy in copies)
            await copy;
    }, output);

    [Fact]
    public void Publish_AllWorkersBlocked_NewWorkersReplaceThemAndEveryCopyWritesEverything() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var users = new UserCount(Workers);
        var blocker = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        CheckedPipeWriter[] blocked = [new() { Blocker = blocker, IsFast = true }, new() { Blocker = blocker, IsFast = true }];
        CheckedPipeWriter[] writers = [new() { Users = users, IsFast = true }, new() { Users = users, IsFast = true }];
        var copies = Array.ConvertAll(blocked, writer => publisher.Subscribe("blocked").CopyToAsync(writer)).ToList();
        copies.AddRange(Array.ConvertAll(writers, writer => publisher.Subscribe("other").CopyToAsync(writer)));
        publisher.Publish("1", "blocked");
        foreach (var writer in blocked)
            await writer.Blocked.Task;

        var looking = Task.Run(() =>
        {
            ProcessWideState.SchedulerClock.FireTimers();
            ProcessWideState.SchedulerClock.FireTimers();
        });
        var publishing = Task.Run(() => Publish(publisher, first: 1, last: 2, "other"));
        await looking;
        await publishing;
        publisher.Unsubscribe("other");
        // Wait while the first workers are still blocked.
        await copies[^1];
        await copies[^2];
        writers.Should().OnlyContain(writer => writer.Flushed == Wire.Events("1", "2"));

        blocker.SetResult();
        publisher.Publish("2", "blocked");
        publisher.Close();
        await copies[0];
        await copies[1];
        blocked.Should().OnlyContain(writer => writer.Flushed == Wire.Events("1", "2"));
    }, output);

    [Fact]
    public void Publish_BlockedWorkersReturn_TakeNoFurtherQueue() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var users = new UserCount(Workers);
        var blocker = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocked = new CheckedPipeWriter { Blocker = blocker, IsFast = true };
        CheckedPipeWriter[] writers = [new() { Users = users }, new() { Users = users }, new() { Users = users }];
        var copies = Array.ConvertAll(writers, writer => publisher.Subscribe("other").CopyToAsync(writer)).ToList();
        copies.Add(publisher.Subscribe("blocked").CopyToAsync(blocked));
        publisher.Publish("1", "blocked");
        await blocked.Blocked.Task;
        ProcessWideState.SchedulerClock.FireTimers();

        var looking = Task.Run(ProcessWideState.SchedulerClock.FireTimers);
        var publishing = Task.Run(() => Publish(publisher, first: 1, last: 2, "other"));
        var returning = Task.Run(blocker.SetResult);
        await looking;
        await publishing;
        await returning;
        await ScheduledThreadPool.WaitUntilIdleAsync();

        writers.Should().OnlyContain(writer => writer.Flushed == Wire.Events("1", "2"));
        blocked.Flushed.Should().Be(Wire.Events("1"));
        publisher.Publish("3", ["blocked", "other"]);
        publisher.Unsubscribe(["blocked", "other"]);
        foreach (var copy in copies)
            await copy;
        writers.Should().OnlyContain(writer => writer.Flushed == Wire.Events("1", "2", "3"));
    }, output);

    private static void Publish(Publisher publisher, int first, int last, string channel = Publisher.DefaultChannel)
    {
        for (var number = first; number <= last; number++)
            publisher.Publish(Wire.Data(number), channel);
    }
}
