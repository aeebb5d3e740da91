using System.Net.ServerSentEvents;
using FsCheck;
using FsCheck.Fluent;

namespace ServerSentEvents.Tests.Model;

/// <summary>
/// Compares a queue that conflates with a list in which an event replaces the waiting one of its key. Own ids, gap events,
/// personalized events, several channels, reads and both bounds come in between.
/// </summary>
public sealed class ConflationModelTests
{
    private const int Capacity = 4;

    [Fact]
    public void Operations_RandomSequence_GiveTheSameResultsAsAList()
    {
        var publish =
            from key in Gen.Elements("a", "b", "c", "d", "e", "f", null)
            from hasOwnId in Gen.Frequency((6, Gen.Constant(false)), (1, Gen.Constant(true)))
            from isPersonalized in Gen.Elements(false, true)
            from padding in Gen.Elements(0, 0, 3, 30)
            from channels in Gen.Elements("x", "y", "x y", "y other", "other")
            select new ConflationStep(key, IsRead: false, hasOwnId, isPersonalized, padding, channels);
        var read = Gen.Constant(new ConflationStep(Key: null, IsRead: true, HasOwnId: false, IsPersonalized: false, Padding: 0, Channels: ""));
        var scenario =
            from steps in Gen.NonEmptyListOf(Gen.Frequency((7, publish), (3, read)))
            from overflow in Gen.Elements(Enum.GetValues<QueueOverflow>())
            from capacityBytes in Gen.Elements(1, 30, 60, 1_000_000L)
            select (steps, overflow, capacityBytes);
        Prop.ForAll(scenario.ToArbitrary(), one => Compare(one.steps, one.overflow, one.capacityBytes))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2_000).WithEndSize(60));
    }

    private static void Compare(List<ConflationStep> steps, QueueOverflow overflow, long capacityBytes)
    {
        var publisher = new Publisher<string>(new PublisherOptions
        {
            QueueCapacity = Capacity,
            QueueCapacityBytes = capacityBytes,
            QueueOverflow = overflow,
            GapEvent = new(ConflatingList.Gap),
        });
        // The queues of a channel share a count of bytes.
        publisher.Subscribe("x");
        var subscription = publisher.Subscribe(new SubscribeOptions<string>
        {
            Channels = ["x", "y"],
            ConflationKey = static item => item.EventType == "none" ? null : item.EventType,
        });
        var reader = subscription.AsItems().GetAsyncEnumerator();
        var model = new ConflatingList(Capacity, capacityBytes, overflow);
        var read = new List<string>();
        for (var number = 0; number < steps.Count; number++)
        {
            var step = steps[number];
            if (step.IsRead)
            {
                if (subscription.QueuedEvents > 0)
                    read.Add(Next(reader));
                model.Read();
            }
            else
            {
                Publish(publisher, model, step, $"{number}{new string('-', step.Padding)}");
            }

            (subscription.QueuedEvents, subscription.QueuedBytes, subscription.DroppedEvents)
                .Should().Be((model.Count, model.Bytes, model.Dropped), "this is step {0}: {1}", number, step);
        }

        publisher.Close();
        while (reader.MoveNextAsync().AsTask().Result)
            read.Add(reader.Current.Data);
        model.ReadAll();
        read.Should().Equal(model.HasRead);
        subscription.QueuedBytes.Should().Be(0);
    }

    private static void Publish(Publisher<string> publisher, ConflatingList model, ConflationStep step, string data)
    {
        var type = step.Key ?? "none";
        var item = new SseItem<string>(data, type) { EventId = step.HasOwnId ? "own" : null };
        string[] channels = step.Channels.Split(' ');
        if (step.IsPersonalized)
            publisher.Publish(_ => item, channels);
        else
            publisher.Publish(item, channels);
        if (channels.Contains("x") || channels.Contains("y"))
            model.Publish(step, data, $"event: {type}\ndata: {data}\n{(step.HasOwnId ? "id: own\n" : "")}\n".Length);
    }

    private static string Next(IAsyncEnumerator<SseItem<string>> reader)
    {
        reader.MoveNextAsync().AsTask().Wait(Limits.Patience).Should().BeTrue();
        return reader.Current.Data;
    }
}
