using System.Diagnostics;
using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>Measures the time of operations, as ratios within one run.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class TimeTests(ITestOutputHelper output)
{
    [Fact]
    public void Publish_OneHundredThousandOtherSubscribers_TakesTheSameTime()
    {
        var alone = NewChannelOfTen();
        var crowded = NewChannelOfTen();
        for (var i = 0; i < 100_000; i++)
            crowded.Subscribe(i % 2 == 0 ? "large" : $"own {i}");

        var ratio = Ratio(() => TimeToPublish(alone), () => TimeToPublish(crowded));
        output.WriteLine($"publishing to 10 subscribers takes {ratio:F2} x the time with 100,000 other subscribers");
        ratio.Should().BeLessThan(1.5, "a publish should not visit other channels");
        GC.KeepAlive(crowded);
    }

    [Fact]
    public void SubscribeAndDispose_OneHundredThousandOtherSubscribers_TakesTheSameTime()
    {
        var few = new Publisher();
        var many = new Publisher();
        for (var i = 0; i < 100_000; i++)
            many.Subscribe();

        var ratio = Ratio(() => TimeToSubscribe(few), () => TimeToSubscribe(many));

        output.WriteLine($"subscribing and disposing takes {ratio:F2} x the time with 100,000 other subscribers");
        ratio.Should().BeLessThan(2);
        GC.KeepAlive(many);

        static double TimeToSubscribe(Publisher publisher)
        {
            const int subscriptions = 200;
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < subscriptions; i++)
                publisher.Subscribe().Dispose();
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / subscriptions;
        }
    }

    [Fact]
    public void Close_ManyChannels_TakesTimeProportionalToTheirNumber()
    {
        var ratio = Ratio(() => TimeToClose(2_000), () => TimeToClose(40_000), rounds: 9);

        output.WriteLine($"closing takes {ratio:F1} x the time per channel with 40,000 channels instead of 2,000");
        ratio.Should().BeLessThan(6, "a search from the first channel each time would take about 20 x");

        static double TimeToClose(int channels)
        {
            var publisher = new Publisher();
            for (var i = 0; i < channels; i++)
                publisher.Subscribe($"own {i}");
            var start = Stopwatch.GetTimestamp();
            publisher.Close();
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / channels;
        }
    }

    [Fact]
    public void Publish_PersonalizedToSubscribersOfManyChannels_TakesTheSameTime()
    {
        var one = NewPublisher(otherChannels: 0);
        var many = NewPublisher(otherChannels: 1_000);

        var ratio = Ratio(() => TimeToPublish(one), () => TimeToPublish(many));

        output.WriteLine($"a personalized publish takes {ratio:F2} x the time if its subscribers have 1,000 other channels");
        ratio.Should().BeLessThan(2);

        static Publisher NewPublisher(int otherChannels)
        {
            var publisher = new Publisher(new PublisherOptions { QueueCapacity = 16, QueueOverflow = QueueOverflow.DropOldest });
            string[] channels = [.. Enumerable.Range(0, otherChannels).Select(i => $"other {i}"), "named"];
            for (var i = 0; i < 20; i++)
                publisher.Subscribe(channels);
            return publisher;
        }

        static double TimeToPublish(Publisher publisher)
        {
            const int publishes = 100;
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < publishes; i++)
                publisher.Publish(_ => "x", "named");
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / publishes;
        }
    }

    [Fact]
    public void Publish_TwiceAsManyFullQueues_TakesAtMostTimeProportionalToTheirNumber()
    {
        var single = NewPublisherOf(1_000, dropNewest: 0);
        var twice = NewPublisherOf(1_000, dropNewest: 1_000);

        var ratio = Ratio(() => TimeOfOne(single), () => TimeOfOne(twice));

        output.WriteLine(
            $"a publish to 1,000 full queues takes {ratio:F2} x the time with 1,000 more full queues that drop the newest event");
        ratio.Should().BeLessThan(3, "the number of subscribers is doubled");

        static Publisher NewPublisherOf(int dropOldest, int dropNewest)
        {
            // All queues are full after the first publish.
            var publisher = new Publisher(new PublisherOptions { QueueCapacity = 1, QueueOverflow = QueueOverflow.DropOldest });
            for (var i = 0; i < dropOldest; i++)
                publisher.Subscribe();
            for (var i = 0; i < dropNewest; i++)
                publisher.Subscribe(new SubscribeOptions<object?> { QueueOverflow = QueueOverflow.DropNewest });
            return publisher;
        }

        static double TimeOfOne(Publisher publisher)
        {
            const int publishes = 20;
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < publishes; i++)
                publisher.Publish("x");
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / publishes;
        }
    }

    [Fact]
    public void Resume_LargeHistoryOrLongId_TakesTheSameTime()
    {
        var (small, smallId) = NewHistory(10);
        var (large, largeId) = NewHistory(200_000);
        var longId = new string('1', 10_000_000);

        var ofLarge = Ratio(() => TimeToResume(small, smallId), () => TimeToResume(large, largeId));
        var ofUnknown = Ratio(() => TimeToResume(small, "unknown"), () => TimeToResume(large, "unknown"));
        var ofLong = Ratio(() => TimeToResume(large, "unknown"), () => TimeToResume(large, longId));

        output.WriteLine($"resuming from 200,000 events instead of 10 takes {ofLarge:F2} x the time");
        output.WriteLine($"finding a gap in 200,000 events instead of 10 takes {ofUnknown:F2} x the time");
        output.WriteLine($"finding a gap for an id of 10 MB takes {ofLong:F2} x the time of a short id");
        new[] { ofLarge, ofUnknown, ofLong }.Should().OnlyContain(ratio => ratio < 2);

        static (Publisher Publisher, string LastId) NewHistory(int events)
        {
            var publisher = new Publisher(new PublisherOptions { HistoryCapacity = events });
            for (var i = 0; i < events; i++)
                publisher.Publish("x");
            return (publisher, LastIdOf(publisher));
        }

        static string LastIdOf(Publisher publisher)
        {
            var reader = publisher.Subscribe().GetAsyncEnumerator();
            publisher.Publish("with an id");
            reader.MoveNextAsync().AsTask().IsCompletedSuccessfully.Should().BeTrue();
            return reader.Current.Split('\n')[1]["id: ".Length..];
        }

        static double TimeToResume(Publisher publisher, string lastEventId)
        {
            const int resumes = 200;
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < resumes; i++)
                publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = lastEventId }).Dispose();
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / resumes;
        }
    }

    private static Publisher NewChannelOfTen()
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = 16, QueueOverflow = QueueOverflow.DropOldest });
        for (var i = 0; i < 10; i++)
            publisher.Subscribe("small");
        return publisher;
    }

    /// <summary>Returns the microseconds of one publish to the small channel.</summary>
    private static double TimeToPublish(Publisher publisher)
    {
        const int publishes = 500;
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < publishes; i++)
            publisher.Publish("x", "small");
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / publishes;
    }

    /// <summary>
    /// Returns the best time of <paramref name="measured"/> divided by the best time of <paramref name="baseline"/>. Both
    /// run in turn. The best round counts, because other work on the machine makes a round slower and never faster.
    /// </summary>
    private static double Ratio(Func<double> baseline, Func<double> measured, int rounds = 101)
    {
        const int warmUps = 3;
        var (baselineBest, measuredBest) = (double.PositiveInfinity, double.PositiveInfinity);
        for (var round = -warmUps; round < rounds; round++)
        {
            var (baselineTime, measuredTime) = (baseline(), measured());
            if (round < 0)
                continue;
            baselineBest = Math.Min(baselineBest, baselineTime);
            measuredBest = Math.Min(measuredBest, measuredTime);
        }

        return measuredBest / baselineBest;
    }
}
