using System.Collections.Concurrent;
using ServerSentEvents;

namespace Dashboard;

/// <summary>Makes a page lose its connection for a while, so that it can be seen what comes of that.</summary>
/// <remarks>
/// The browser then does what it does for every stream that ends: it asks again, and says which event it had last. Until the
/// outage is over it is sent away with a reconnection time, as by a server that is about to stop.
/// </remarks>
internal sealed class Outages(Publisher<Viewer> publisher, TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>When a page's outage is over.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> _ends = new(StringComparer.Ordinal);

    public static bool IsDuration(double seconds) => seconds > 0 && seconds <= Longest.TotalSeconds;

    /// <summary>Ends the streams of a page; false where it has none.</summary>
    public bool Begin(string? page, TimeSpan duration)
    {
        ForgetEnded();
        if (string.IsNullOrEmpty(page) || publisher.Unsubscribe(match: viewer => viewer.Page == page) == 0)
            return false;
        _ends[page] = time.GetUtcNow() + duration;
        return true;
    }

    /// <summary>For a page that is to have no connection yet: a stream that says when to come back, and ends.</summary>
    public Subscription<Viewer>? TurnAway(Viewer viewer)
    {
        if (!_ends.TryGetValue(viewer.Page, out var end) || end - time.GetUtcNow() is not { Ticks: > 0 } rest)
            return null;
        using var away = new Publisher<Viewer>(new PublisherOptions { ReconnectionInterval = rest });
        away.Drain();
        return away.Subscribe();
    }

    private void ForgetEnded()
    {
        foreach (var (page, end) in _ends)
        {
            if (end <= time.GetUtcNow())
                _ends.TryRemove(page, out _);
        }
    }
}
