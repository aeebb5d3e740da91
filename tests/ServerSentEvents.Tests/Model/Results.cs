using System.Globalization;

namespace ServerSentEvents.Tests.Model;

/// <summary>The words in which the publisher and its model say the same.</summary>
internal static class Answers
{
    internal static readonly string[] Channels = ["a", "b", "c"];

    internal static string Data(int number) => $"event {number}";

    internal static string Comment(int number) => $"comment {number}";

    internal static string OwnId(int number) => $"own {number}";

    /// <summary>What a personalised event says to a subscriber; null for nothing.</summary>
    internal static string? Personal(Kind kind, int number, int subscriber) =>
        kind == Kind.PersonalToOdd && subscriber % 2 == 0 ? null : $"event {number} for {subscriber}";

    internal static int NumberIn(string data) => int.Parse(data.Split(' ')[1], CultureInfo.InvariantCulture);

    /// <param name="items">What was read.</param>
    /// <param name="end">Whether that was ended by a cancellation; null where there is no end yet.</param>
    internal static string Read(IEnumerable<(string Text, string? Id)> items, bool? end) => string.Join(
        ", ",
        items.Select(item => $"{item.Text} {item.Id}".Trim()).Concat(end switch { null => [], true => ["canceled"], false => ["end"] }));

    internal static string State(
        Func<string, IEnumerable<int>> subscribersOf,
        IEnumerable<(IEnumerable<string> Channels, SubscriptionEndReason? EndReason, int Queued, long Dropped, ResumeResult Resume)> subscribers,
        int begun,
        int ended)
    {
        var lines = Channels.Select(channel => $"{channel}: {string.Join(' ', subscribersOf(channel).Order())}")
            .Concat(subscribers.Select((one, number) =>
                $"{number}: in {string.Join(' ', one.Channels.Order(StringComparer.Ordinal))}, {one.EndReason?.ToString() ?? "goes on"}, "
                + $"{one.Queued} queued, {one.Dropped} dropped, {one.Resume}"));
        return string.Join('\n', lines.Append($"{begun} begun, {ended} ended"));
    }
}
