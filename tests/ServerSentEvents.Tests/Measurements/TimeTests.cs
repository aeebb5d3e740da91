using System.Diagnostics;
using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>What things take of time, as ratios within one run.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class TimeTests(ITestOutputHelper output)
{
    [Fact]
    public void Publish_SmallChannel_CostsTheSameBesideOneHundredThousandOthers()
    {
        var alone = NewChannelOfTen();
        var beside = NewChannelOfTen();
        for (var i = 0; i < 100_000; i++)
            beside.Subscribe(i % 2 == 0 ? "large" : $"own {i}");

        var ratio = Ratio(() => Time(alone), () => Time(beside));
        output.WriteLine($"a publish to 10 beside 100,000 others takes {ratio:F2} x");
        ratio.Should().BeLessThan(1.5, "what is not named is not looked at");
        GC.KeepAlive(beside);
    }

    [Fact]
    public void SubscribeAndDispose_BesideOneHundredThousandOthers_CostTheSame()
    {
        var few = new Publisher();
        var many = new Publisher();
        for (var i = 0; i < 100_000; i++)
            many.Subscribe();

        var ratio = Ratio(() => TimeToSubscribe(few), () => TimeToSubscribe(many));

        output.WriteLine($"to subscribe and leave beside 100,000 others takes {ratio:F2} x");
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
    public void Close_ManyChannels_TakesTimeThatGoesWithTheirNumber()
    {
        var ratio = Ratio(() => TimeToClose(2_000), () => TimeToClose(40_000), rounds: 9);

        output.WriteLine($"Close takes {ratio:F1} x as long for each of 40,000 channels as for each of 2,000");
        ratio.Should().BeLessThan(6, "it was 20 x when each look for a channel began at the first");

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
    public void Publish_Personalised_CostsTheSameForSubscribersOfManyOtherChannels()
    {
        var one = PersonalPublisher(otherChannels: 0);
        var many = PersonalPublisher(otherChannels: 1_000);

        var ratio = Ratio(() => TimeToPublish(one), () => TimeToPublish(many));

        output.WriteLine($"a personalised publish to subscribers of 1,000 other channels takes {ratio:F2} x");
        ratio.Should().BeLessThan(2);

        static Publisher PersonalPublisher(int otherChannels)
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
    public void Publish_BesideAsManyThatNeverRead_CostsNoMoreThanTheirNumberDoes()
    {
        var reading = NewPublisherOf(1_000, stuck: 0);
        var both = NewPublisherOf(1_000, stuck: 1_000);

        var ratio = Ratio(() => TimeOfOne(reading), () => TimeOfOne(both));

        output.WriteLine($"a publish to 1,000 that read and 1,000 that never do takes {ratio:F2} x that to the 1,000");
        ratio.Should().BeLessThan(3, "they are twice as many");

        static Publisher NewPublisherOf(int readers, int stuck)
        {
            // Both kinds are full from the second publish on, one for a moment's sake, the other for good.
            var publisher = new Publisher(new PublisherOptions { QueueCapacity = 1, QueueOverflow = QueueOverflow.DropOldest });
            for (var i = 0; i < readers; i++)
                publisher.Subscribe();
            for (var i = 0; i < stuck; i++)
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
    public void Resume_LargeHistoryOrLongId_TakesNoLonger()
    {
        var (small, smallId) = NewHistory(10);
        var (large, largeId) = NewHistory(200_000);
        var longId = new string('1', 10_000_000);

        var ofLarge = Ratio(() => TimeToResume(small, smallId), () => TimeToResume(large, largeId));
        var ofUnknown = Ratio(() => TimeToResume(small, "unknown"), () => TimeToResume(large, "unknown"));
        var ofLong = Ratio(() => TimeToResume(large, "unknown"), () => TimeToResume(large, longId));

        output.WriteLine($"to resume from 200,000 events in place of 10 takes {ofLarge:F2} x, to find a gap {ofUnknown:F2} x, with 10 MB of id {ofLong:F2} x");
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
            publisher.Publish("to see an id");
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

    /// <summary>Microseconds for each publish to the small channel.</summary>
    private static double Time(Publisher publisher)
    {
        const int publishes = 500;
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < publishes; i++)
            publisher.Publish("x", "small");
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / publishes;
    }

    /// <summary>
    /// How much longer the other takes, by the best of rounds in which each has its turn: what else the machine does makes
    /// both longer, and never shorter.
    /// </summary>
    private static double Ratio(Func<double> one, Func<double> other, int rounds = 101)
    {
        const int warmUps = 3;
        var (oneBest, otherBest) = (double.PositiveInfinity, double.PositiveInfinity);
        for (var round = -warmUps; round < rounds; round++)
        {
            var (oneTime, otherTime) = (one(), other());
            if (round < 0)
                continue;
            oneBest = Math.Min(oneBest, oneTime);
            otherBest = Math.Min(otherBest, otherTime);
        }

        return otherBest / oneBest;
    }
}
