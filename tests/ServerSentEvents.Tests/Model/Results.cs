using System.Globalization;

namespace ServerSentEvents.Tests.Model;

/// <summary>Formats the results of the publisher and of its model, so that equal results are equal texts.</summary>
internal static class Results
{
    internal static readonly string[] Channels = ["a", "b", "c"];

    internal static string Data(int number) => $"event {number}";

    internal static string Comment(int number) => $"comment {number}";

    internal static string OwnId(int number) => $"own {number}";

    /// <summary>
    /// Returns the name of the position after an event, which the last initial event of a subscription carries.
    /// </summary>
    /// <param name="number">The number of the last event; null before the first.</param>
    /// <param name="kind">The kind of that event.</param>
    internal static string Position(int? number, Kind kind) =>
        number is null ? "@start" : kind == Kind.OwnId ? $"@{number}" : $"#{number}";

    /// <summary>Returns the data of a personalized event for a subscriber, or null if the subscriber gets none.</summary>
    internal static string? PersonalizedData(Kind kind, int number, int subscriber) =>
        kind == Kind.PersonalizedForOdd && subscriber % 2 == 0 ? null : $"event {number} for {subscriber}";

    internal static int NumberIn(string data) => int.Parse(data.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <param name="items">The items that were read.</param>
    /// <param name="end">True if a cancellation ended the stream, false for another end, null for no end.</param>
    internal static string Read(IEnumerable<(string Text, string? Id)> items, bool? end) => string.Join(
        ", ",
        items.Select(item => $"{item.Text} {item.Id}".Trim())
            .Concat(end switch { null => [], true => ["canceled"], false => ["end"] }));

    internal static string State(
        Func<string, IEnumerable<int>> subscribersOf,
        IEnumerable<int> allSubscribers,
        IEnumerable<string> channels,
        IEnumerable<(IEnumerable<string> Channels, SubscriptionEndReason? EndReason, int Queued, long Dropped, ResumeResult Resume)> subscribers,
        int subscribed,
        int ended)
    {
        var lines = Channels.Select(channel => $"{channel}: {string.Join(' ', subscribersOf(channel).Order())}")
            .Concat(subscribers.Select((subscriber, number) =>
                $"{number}: in {string.Join(' ', subscriber.Channels.Order(StringComparer.Ordinal))}, "
                + $"{subscriber.EndReason?.ToString() ?? "open"}, "
                + $"{subscriber.Queued} queued, {subscriber.Dropped} dropped, {subscriber.Resume}"));
        return string.Join('\n', lines
            .Append($"all: {string.Join(' ', allSubscribers.Order())} in {string.Join(' ', channels.Order(StringComparer.Ordinal))}")
            .Append($"{subscribed} subscribed, {ended} ended"));
    }
}
