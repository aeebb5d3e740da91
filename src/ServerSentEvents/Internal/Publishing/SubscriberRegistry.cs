using System.Diagnostics;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.History;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The subscribers and the history of a publisher, guarded by one lock. The lock gives all subscribers the same order of
/// events: while a frame goes into the history and the queues, no subscriber can join, leave or get another frame.
/// </summary>
/// <remarks>
/// No code of the application runs under the lock. <see cref="PublisherCore{TProperties}"/> calls functions, handlers and
/// clocks before or after it, and does the work in a <see cref="RegistryResult{TProperties}"/>.
/// </remarks>
internal sealed partial class SubscriberRegistry<TProperties>
{
    private readonly object _owner;
    private readonly bool _hasHeartbeats;
    private readonly int _maxSubscribers;
    private readonly Lock _gate = new();

    /// <summary>The current subscribers. Guarded by <see cref="_gate"/>.</summary>
    private readonly ChannelIndex<TProperties> _index = new();

    /// <summary>
    /// The history; null for none, and after Dispose. Guarded by <see cref="_gate"/>, except that its ids and its number of bytes are
    /// read without the lock.
    /// </summary>
    private EventHistory<TProperties>? _history;

    /// <summary>Ended subscribers that still have a queue. Guarded by <see cref="_gate"/>.</summary>
    private readonly LingeringSubscribers<TProperties> _lingering;

    /// <summary>Subscribers from other nodes of a backplane. Guarded by <see cref="_gate"/>.</summary>
    private readonly AheadSubscribers<TProperties> _ahead = new();

    /// <summary>The number of subscribers that have not ended. Guarded by <see cref="_gate"/>.</summary>
    private int _subscribers;

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private RegistryState _state;

    /// <summary>
    /// The number of subscribers that conflate. Written under <see cref="_gate"/>, and read without it by a thread that
    /// publishes: a subscriber that it misses has not been returned yet.
    /// </summary>
    private int _conflating;

    /// <summary>The number of sources that are being published. Guarded by <see cref="_gate"/>.</summary>
    private int _sources;

    /// <summary>The number of ends whose handlers have not yet been called. Guarded by <see cref="_gate"/>.</summary>
    private int _unannouncedEnds;

    internal SubscriberRegistry(object owner, PublisherSettings settings)
    {
        _owner = owner;
        _hasHeartbeats = settings.HeartbeatInterval is not null;
        _maxSubscribers = settings.MaxSubscribers;
        _lingering = new(settings.Ticks(settings.LingerTimeout), settings.Ticks(TimeSpan.FromSeconds(1)));
        if (settings.HistoryCapacity > 0)
        {
            var maxAge = settings.HistoryMaxAge is { } age ? settings.Ticks(age) : (long?)null;
            _history = new(settings.HistoryCapacity, settings.HistoryCapacityBytes, maxAge, _index, new SealedEventIds());
        }
    }

    /// <summary>The ids of the history; null without one. Can be read without the lock, and can change until the lock is taken.</summary>
    internal EventIds? Ids => _history?.Ids;

    /// <summary>True if publishing throws. The handlers of the last ends can still publish during Dispose.</summary>
    private bool IsDisposed_NeedsLock => _state == RegistryState.Closed && _unannouncedEnds == 0;

    /// <summary>Returns why a new subscriber would be turned away now; null if it would not.</summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal SubscriptionEndReason? ReasonToTurnAway()
    {
        lock (_gate)
            return ReasonToTurnAway_NeedsLock();
    }

    /// <summary>
    /// Adds a subscriber, finds what its client has missed, and prepares the first frames of its queue. This is one step, so
    /// that no event is sent twice or left out.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    internal Registration<TProperties> Add(
        Subscriber<TProperties> subscriber,
        in ChannelNames channels,
        in InitialStream initial,
        string? lastEventId,
        long now,
        SubscriptionEndReason? turnedAway)
    {
        lock (_gate)
        {
            if ((turnedAway ?? ReasonToTurnAway_NeedsLock()) is { } reason)
            {
                subscriber.End = new(reason, []);
                subscriber.Subscription.Resume = ResumeResult.NotRequested;
                _lingering.Add(subscriber);
                RegistryResult<TProperties> unused = default;
                subscriber.Complete(ref unused.Ready);
                return new(reason, ResumePoint: null, Ids: null, Position: default);
            }

            var point = lastEventId is null ? null : _history?.Find(lastEventId, channels, now);
            subscriber.Subscription.IsResuming = point is { HasPersonalized: true };
            if (point is null)
                initial.Begin(subscriber, _history?.Ids, _history?.Position ?? default);
            else if (!point.HasPersonalized)
                initial.Resume(subscriber, point.Replay);
            if (point is { IsAhead: true })
                _ahead.Add(subscriber, point.Position, now);
            subscriber.LastWrite = now;
            if (subscriber.PendingLoad is { } load)
                load.LastHeartbeat = now;
            if (subscriber.KeyFunction is not null)
                Volatile.Write(ref _conflating, _conflating + 1);
            _index.Join(subscriber, channels);
            SetUnitLimit_NeedsLock(subscriber);
            _subscribers++;
            return new(TurnedAway: null, point, _history?.Ids, _history?.Position ?? default);
        }
    }

    /// <summary>
    /// Counts the bytes of a subscriber's replay in its queue, and adds the own ids of the replay to the history. Returns false
    /// if the queue has no room.
    /// </summary>
    internal bool TryAddReplay(Subscriber<TProperties> subscriber, Replay<TProperties> replay)
    {
        // Release the lock between ids, because their number has no bound.
        foreach (var (entry, id) in replay.TakeLateIds())
        {
            lock (_gate)
                _history?.AddLateId(entry, id);
        }

        lock (_gate)
        {
            if (!subscriber.TryAddBytes(replay.Bytes))
                return false;
            SetUnitLimit_NeedsLock(subscriber);
            return true;
        }
    }

    /// <summary>Makes a subscriber visible after its missed personalized events have been made.</summary>
    /// <returns>True if the publisher was drained or disposed.</returns>
    internal bool CompleteResume(Subscriber<TProperties> subscriber)
    {
        lock (_gate)
        {
            subscriber.Subscription.IsResuming = false;
            if (subscriber.End is { LingerIndex: < 0 } && !subscriber.IsFinished)
                _lingering.Add(subscriber);
            return _state != RegistryState.Open;
        }
    }

    /// <summary>Attaches a copy to a subscriber's queue.</summary>
    internal void Attach(QueueCopy copy, Subscriber<TProperties> subscriber)
    {
        lock (_gate)
        {
            subscriber.Copy = copy;
            subscriber.SetCopy();
        }
    }

    /// <summary>Lets a publish write without a look at the queue, unless the client may already have the event.</summary>
    private void SetUnitLimit_NeedsLock(Subscriber<TProperties> subscriber)
    {
        AssertLocked();
        if (!_ahead.Contains(subscriber))
            subscriber.SetUnitLimit();
    }

    private SubscriptionEndReason? ReasonToTurnAway_NeedsLock()
    {
        AssertLocked();
        ObjectDisposedException.ThrowIf(_state == RegistryState.Closed, _owner);
        if (_state == RegistryState.Draining)
            return SubscriptionEndReason.Closed;
        return _subscribers >= _maxSubscribers ? SubscriptionEndReason.Refused : null;
    }

    [Conditional("DEBUG")]
    private void AssertLocked() =>
#if NET9_0_OR_GREATER
        Debug.Assert(_gate.IsHeldByCurrentThread, "The registry's lock is not held.");
#else
        Debug.Assert(Monitor.IsEntered(_gate), "The registry's lock is not held.");
#endif
}

/// <summary>The result of adding a subscriber.</summary>
/// <param name="TurnedAway">The reason if the subscriber was turned away, and has ended already; else null.</param>
/// <param name="ResumePoint">The point at which the client resumes; null for a new client, and for a gap.</param>
/// <param name="Ids">The ids of the history; null without one.</param>
/// <param name="Position">The position at which the subscription begins.</param>
internal readonly record struct Registration<TProperties>(
    SubscriptionEndReason? TurnedAway, ResumePoint<TProperties>? ResumePoint, EventIds? Ids, EventPosition Position);

/// <summary>The work that is left to do after one step under the registry's lock.</summary>
internal struct RegistryResult<TProperties>
{
    /// <summary>The number of queues that took what was sent.</summary>
    internal int Sent;

    /// <summary>The copies that have something to write.</summary>
    internal ReadyList Ready;

    /// <summary>The subscribers that the step has ended; null for none.</summary>
    internal List<Subscriber<TProperties>>? Ended;

    /// <summary>
    /// The subscribers that joined while a personalized event was being made, with the places of their events; null for none.
    /// </summary>
    internal List<(Subscriber<TProperties> Subscriber, DeferredFrame Place)>? Deferred;
}

/// <summary>The state of a <see cref="SubscriberRegistry{TProperties}"/>.</summary>
/// <remarks>
/// <code>
/// Open      -> Draining  the publisher is drained: new subscribers are turned away
/// Open      -> Closed    the publisher is disposed: subscribing throws
/// Draining  -> Closed    the publisher is disposed
/// </code>
/// <c>EndAll</c> compares the values, so keep their order. Publishing throws, too, when the last end of a closed registry has been
/// announced.
/// </remarks>
internal enum RegistryState
{
    Open,
    Draining,
    Closed,
}
