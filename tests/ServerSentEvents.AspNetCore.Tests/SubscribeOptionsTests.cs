using System.Net.ServerSentEvents;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests that each property of <see cref="SubscribeOptions{TProperties}"/> survives the copy that an endpoint makes.</summary>
public sealed class SubscribeOptionsTests
{
    /// <summary>A value of each option that differs from its default, and its effect on the subscriber.</summary>
    private static readonly Dictionary<string, (object Value, string? Seen)> Cases = new(StringComparer.Ordinal)
    {
        [nameof(SubscribeOptions<string>.Channels)] = ((ChannelNames)"attic", "Channels = attic"),
        [nameof(SubscribeOptions<string>.Properties)] = ("Ann", "Properties = Ann"),
        [nameof(SubscribeOptions<string>.InitialData)] = (new SseItem<string>[] { new("a"), new("b") }, "Queued = 2"),
        [nameof(SubscribeOptions<string>.LastEventId)] = ("unknown", "Resume = Gap"),
        [nameof(SubscribeOptions<string>.QueueCapacity)] = (7, "Capacity = 7"),
        [nameof(SubscribeOptions<string>.QueueCapacityBytes)] = (1L, "Capacity = 1"),
        [nameof(SubscribeOptions<string>.QueueOverflow)] = (QueueOverflow.DropNewest, "EndReason = "),
        [nameof(SubscribeOptions<string>.ConflationKey)] =
            ((Func<SseItem<string>, string?>)(static _ => "a key of all events"), "Capacity = 1"),
        [nameof(SubscribeOptions<string>.LoadInitialData)] =
            ((Func<CancellationToken, ValueTask<IEnumerable<SseItem<string>>>>)(static _ => new([new("loaded")])), "Received = loaded"),
    };

    public static TheoryData<string> Properties =>
        new(typeof(SubscribeOptions<string>).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name));

    [Theory]
    [MemberData(nameof(Properties))]
    public async Task Map_EachPropertyOfTheOptions_ReachesTheSubscription(string name)
    {
        Cases.Should().ContainKey(name, "the endpoint must copy each new property of SubscribeOptions, and this test must cover it");
        var (value, seen) = Cases[name];
        var options = new SubscribeOptions<string>();
        typeof(SubscribeOptions<string>).GetProperty(name)!.SetValue(options, value);

        var description = await DescribeSubscriberAsync(options);

        description.Should().Contain(seen);
        if (name != nameof(SubscribeOptions<string>.QueueCapacity))
            (await DescribeSubscriberAsync(new SubscribeOptions<string>())).Should().NotContain(seen, "the default has another effect");
    }

    /// <summary>Describes the subscription that these options create, before anything reads it.</summary>
    private static async Task<IEnumerable<string>> DescribeSubscriberAsync(SubscribeOptions<string> options)
    {
        var description = new List<string>();
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddServerSentEvents<string>(publisher => (publisher.HistoryCapacity, publisher.QueueCapacity) = (9, 3)),
            app => app.MapServerSentEvents<string>("/events", _ => options));
        var publisher = app.Services.GetRequiredService<Publisher<string>>();
        publisher.Subscribed += (_, subscribed) =>
        {
            // Before the endpoint reads.
            var subscription = subscribed.Subscription;
            description.AddRange(subscription.Channels.Select(channel => $"Channels = {channel}"));
            description.Add($"Properties = {subscription.Properties}");
            description.Add($"Queued = {subscription.QueuedEvents}");
            description.Add($"Resume = {subscription.Resume}");
            var before = subscription.QueuedEvents;
            for (var i = 0; i < 8; i++)
                publisher.Publish("", [.. subscription.Channels]);
            description.Add($"Capacity = {subscription.QueuedEvents - before}");
            description.Add($"EndReason = {subscription.EndReason}");
        };

        using var client = await app.OpenAsync();
        publisher.Close();
        var received = await client.RestAsync();
        if (received.Contains("data: loaded\n", StringComparison.Ordinal))
            description.Add("Received = loaded");

        return description;
    }
}
