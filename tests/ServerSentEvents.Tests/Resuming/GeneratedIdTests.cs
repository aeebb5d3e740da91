using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests the ids that a publisher generates: clients can neither read them nor make other valid ones from them.
/// </summary>
public sealed class GeneratedIdTests
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= ";

    private readonly Publisher<string> _publisher = NewPublisher();

    [Fact]
    public async Task Publish_NeighboringEvents_IdsHaveNothingInCommon()
    {
        var ids = await PublishAsync(_publisher, 200);

        ids.Should().OnlyHaveUniqueItems();
        ids.Should().OnlyContain(id => id.Length == ids[0].Length && id.Length <= 1_000);
        foreach (var (id, next) in ids.Zip(ids.Skip(1)))
        {
            id.Zip(next).TakeWhile(pair => pair.First == pair.Second).Count()
                .Should().BeLessThan(6, "{0} and {1} are random", id, next);
            id.Reverse().Zip(next.Reverse()).TakeWhile(pair => pair.First == pair.Second).Count().Should().BeLessThan(6);
        }

        ids.Order(StringComparer.Ordinal).Should().NotEqual(ids, "the order of ids is not that of events");
    }

    [Fact]
    public async Task Publish_TwoPublishers_FirstIdsDiffer()
    {
        var ids = await PublishAsync(_publisher, 1);
        var others = await PublishAsync(NewPublisher(), 1);

        others[0].Should().NotBe(ids[0]);
    }

    [Fact]
    public async Task Resume_IdOfAnotherPublisher_IsAGap()
    {
        await PublishAsync(_publisher, 10);

        foreach (var id in await PublishAsync(NewPublisher(), 10))
            ResumeResultOf(id).Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_OneCharacterIsChanged_IsAGap()
    {
        var id = (await PublishAsync(_publisher, 10))[4];
        ResumeResultOf(id).Should().Be(ResumeResult.Resumed);

        for (var i = 0; i < id.Length; i++)
        {
            foreach (var character in Alphabet.Where(character => character != id[i]))
            {
                var changed = id[..i] + character + id[(i + 1)..];
                ResumeResultOf(changed).Should().Be(ResumeResult.Gap, "{0} was not sent", changed);
            }
        }
    }

    [Fact]
    public async Task Resume_ShortenedExtendedOrRecasedId_IsAGap()
    {
        var id = (await PublishAsync(_publisher, 10))[4];
        var changed = new List<string>
        {
            id.ToUpperInvariant(), id.ToLowerInvariant(), id + id, " " + id, id + " ", id + "=", "-" + id,
        };
        changed.AddRange(Enumerable.Range(1, id.Length - 1).SelectMany(length => new[] { id[..length], id[length..] }));
        changed.AddRange(Enumerable.Range(0, id.Length).Select(i => id.Remove(i, 1)));
        changed.AddRange(Alphabet.SelectMany(character => new[] { id + character, character + id }));

        foreach (var other in changed)
            ResumeResultOf(other).Should().Be(ResumeResult.Gap, "{0} was not sent", other);
    }

    [Fact]
    public async Task Resume_HalvesOfTwoIds_IsAGap()
    {
        var ids = await PublishAsync(_publisher, 2);
        var mixed = Enumerable.Range(1, ids[0].Length - 1).Select(i => ids[0][..i] + ids[1][i..]).Except(ids);
        foreach (var id in mixed)
            ResumeResultOf(id).Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Resume_LastInitialEventOfANewSubscription_ReplaysExactlyWhatFollowed()
    {
        _publisher.Publish("before");
        var first = _publisher.Subscribe(initialData: ["a", "b"]);
        _publisher.Publish("during");
        first.Close();
        _publisher.Publish("after");

        var initial = await first.AsItems().ToArrayAsync();

        initial.Select(item => item.Data).Should().Equal("a", "b", "during");
        initial[0].EventId.Should().BeNullOrEmpty("a client that has only a part of the state must get all of it again");
        var (resumed, texts) = await ResumeAsync(initial[1].EventId!);
        resumed.Should().Be(ResumeResult.Resumed);
        texts.Should().Equal("during", "after");
    }

    [Fact]
    public async Task Resume_LastInitialEventAfterAGap_ReplaysExactlyWhatFollowed()
    {
        _publisher.Publish("before");
        var gap = _publisher.Subscribe(new SubscribeOptions<string>
        {
            LastEventId = "unknown",
            InitialData = [new SseItem<string>("state")],
        });
        gap.Close();
        _publisher.Publish("after");

        var initial = await gap.AsItems().ToArrayAsync();

        gap.Resume.Should().Be(ResumeResult.Gap);
        var (resumed, texts) = await ResumeAsync(initial.Single().EventId!);
        resumed.Should().Be(ResumeResult.Resumed);
        texts.Should().Equal("after");
    }

    [Fact]
    public async Task Subscribe_LastInitialEventHasAnId_KeepsIt()
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            InitialData = [new SseItem<string>("state") { EventId = "own" }],
        });
        subscription.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: state\nid: own\n\n");
    }

    /// <summary>The initial data can be large, so a publish must not wait for the decryption of its ids.</summary>
    [Fact]
    public async Task Subscribe_InitialDataWithGeneratedIds_LeavesTheLockFreeWhileItReadsThem()
    {
        var id = (await PublishAsync(_publisher, 1))[0];
        var isFormatted = false;
        var subscribing = new Thread(() => _publisher.Subscribe(new SubscribeOptions<string> { InitialData = Items() }))
        {
            IsBackground = true,
        };

        using (HeldGate.OfIds(_publisher))
        {
            subscribing.Start();
            SpinWait.SpinUntil(IsWaiting, Limits.Patience).Should().BeTrue("the thread waits for the cipher");
            OwnThread.Run(() => _publisher.GetChannels());
        }

        subscribing.Join(Limits.Patience).Should().BeTrue();

        bool IsWaiting() => Volatile.Read(ref isFormatted) && subscribing.ThreadState.HasFlag(ThreadState.WaitSleepJoin);

        IEnumerable<SseItem<string>> Items()
        {
            yield return new SseItem<string>("state") { EventId = id };
            Volatile.Write(ref isFormatted, true);
        }
    }

    [Fact]
    public async Task Subscribe_NoHistory_InitialEventsHaveNoIds()
    {
        var subscription = new Publisher<string>().Subscribe(initialData: ["a", "b"]);
        subscription.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: a\n\n", "data: b\n\n");
    }

    private static Publisher<string> NewPublisher() => new(new PublisherOptions { HistoryCapacity = 1_000 });

    /// <summary>Publishes events, and returns their ids.</summary>
    private static async Task<string[]> PublishAsync(Publisher<string> publisher, int count)
    {
        var subscription = publisher.Subscribe();
        for (var i = 0; i < count; i++)
            publisher.Publish($"{i}");
        subscription.Close();
        return Array.ConvertAll(await subscription.AsItems().ToArrayAsync(), item => item.EventId!);
    }

    private ResumeResult ResumeResultOf(string lastEventId)
    {
        using var subscription = _publisher.Subscribe(new SubscribeOptions<string> { LastEventId = lastEventId });
        return subscription.Resume;
    }

    private async Task<(ResumeResult Resume, IEnumerable<string> Data)> ResumeAsync(string lastEventId)
    {
        var resumed = _publisher.Subscribe(new SubscribeOptions<string> { LastEventId = lastEventId });
        resumed.Close();
        return (resumed.Resume, (await resumed.AsItems().ToArrayAsync()).Select(item => item.Data));
    }
}
