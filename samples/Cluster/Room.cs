using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents;

namespace Cluster;

/// <summary>What this node knows of the one room that all nodes share.</summary>
/// <remarks>
/// The messages themselves are in the stream, and in the history of this node's publisher. A newcomer resumes as somebody
/// who was away for the last few messages: the library replays them and subscribes in one step, and nothing is missing or
/// there twice. So all that a node has to keep is the id from which to resume.
/// </remarks>
internal sealed class Room : BackgroundService, IHealthCheck
{
    private const int ShownToNewcomers = 50;

    private static readonly Member Nobody = new("");

    private readonly Publisher<Member> _publisher;
    private readonly IEventPublisher _events;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly string _node;
    private readonly string? _peer;
    private readonly Guid _run = Guid.NewGuid();

    /// <summary>The ids of the last events, the oldest first. Of the loop alone.</summary>
    private readonly Queue<string> _last = new();

    /// <summary>Keeps the numbers of who is here in order.</summary>
    private readonly Lock _gate = new();

    private volatile string? _begin;

    public Room(
        Publisher<Member> publisher, IEventPublisher events, IHostApplicationLifetime lifetime, IConfiguration configuration, string node)
    {
        (_publisher, _events, _lifetime, _node, _peer) = (publisher, events, lifetime, node, configuration["peer"]);
        _publisher.Subscribed += (_, _) => PublishPresence();
        _publisher.Unsubscribed += (_, _) => PublishPresence();
    }

    /// <summary>The last event that a newcomer is not shown; null while this node has to find out.</summary>
    public string? Begin => _begin;

    public Subscription<Member> Join(Member member, string? lastEventId)
    {
        var isNew = string.IsNullOrEmpty(lastEventId);
        var subscription = Subscribe(member, isNew ? _begin : lastEventId);
        var how = isNew ? "new" : "resumed";
        if (!isNew && subscription.Resume == ResumeResult.Gap)
        {
            subscription.Dispose();
            subscription = Subscribe(member, _begin);
            how = "gap";
        }

        // To this one member, by this node's own publisher: it has no id, and no other node hears of it.
        var welcome = Message.Event("welcome", new { Node = _node, Run = _run, How = how });
        _publisher.Publish(other => ReferenceEquals(other, member) ? welcome : null);
        return subscription;
    }

    public Task<bool> SayAsync(MessageRequest request) => TryPublishAsync(Message.Event("message", new Message(
        request.Id, request.Name, request.Text, _node, TimeProvider.System.GetUtcNow(), request.Member)));

    /// <summary>To all nodes, since it may be another one that is meant.</summary>
    public Task<bool> AskToStopAsync(string node, Guid run) =>
        TryPublishAsync(NoticeOf(node, $"is told to stop, by way of node {_node}", run));

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_begin is null ? HealthCheckResult.Unhealthy("Not in the stream yet.") : HealthCheckResult.Healthy());

    /// <summary>Reads along as a member does, to know where newcomers begin.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The streams of a node that is about to stop have ended already, this one too.
        while (!_lifetime.ApplicationStopping.IsCancellationRequested)
        {
            var begin = _begin ?? await AskPeerAsync(stoppingToken);
            using var subscription = Subscribe(Nobody, begin);
            _last.Clear();
            if (subscription.Resume == ResumeResult.Resumed)
                _last.Enqueue(begin!);
            if (!await TryPublishAsync(NoticeOf(_node, "has started")))
                continue;
            await foreach (var item in subscription.AsItems().WithCancellation(stoppingToken))
                Take(item);
        }
    }

    private void Take(SseItem<string> item)
    {
        // Without one it is for this node alone.
        if (item.EventId is not { } id)
            return;
        _last.Enqueue(id);
        if (_last.Count > ShownToNewcomers)
            _last.Dequeue();
        _begin = _last.Peek();
        if (item.EventType == "notice" && JsonSerializer.Deserialize<Notice>(item.Data, JsonSerializerOptions.Web)?.Stop == _run)
            _lifetime.StopApplication();
    }

    /// <summary>The stream does not say where its last messages begin; a node that runs already has counted them.</summary>
    private async Task<string?> AskPeerAsync(CancellationToken cancellationToken)
    {
        if (_peer is null)
            return null;
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri(_peer), Timeout = TimeSpan.FromSeconds(5) };
            return await client.GetStringAsync("begin", cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private static SseItem<string> NoticeOf(string node, string what, Guid? stop = null) =>
        Message.Event("notice", new Notice(node, what, TimeProvider.System.GetUtcNow(), stop));

    /// <summary>False where the broker is away, or this node is about to stop: whoever asks may ask again.</summary>
    private async Task<bool> TryPublishAsync(SseItem<string> item)
    {
        try
        {
            await _events.PublishAsync(item);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or ObjectDisposedException)
        {
            return false;
        }
    }

    private Subscription<Member> Subscribe(Member member, string? lastEventId) =>
        _publisher.Subscribe(new SubscribeOptions<Member> { Properties = member, LastEventId = lastEventId });

    private void PublishPresence()
    {
        lock (_gate)
        {
            var members = _publisher.GetSubscribers().Count(subscriber => subscriber.Properties != Nobody);
            _publisher.Publish(Message.Event("presence", new { Members = members }));
        }
    }
}
