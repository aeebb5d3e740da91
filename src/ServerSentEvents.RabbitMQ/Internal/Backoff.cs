namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// How long to wait before the next attempt: little at first, then longer, and at random, so that not all nodes come at once.
/// </summary>
internal sealed class Backoff
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private TimeSpan _limit = Shortest;

    internal void Reset() => _limit = Shortest;

    internal TimeSpan Next()
    {
        var delay = _limit * (0.5 + (Random.Shared.NextDouble() / 2));
        _limit = _limit * 2 < Longest ? _limit * 2 : Longest;
        return delay;
    }
}
