using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Client.Internal;

/// <summary>The loop that reads the events of one connection after another.</summary>
internal sealed class EventStreamReader(
    HttpClient http,
    EventStreamClientOptions options,
    Backoff backoff,
    ILogger logger,
    Func<CancellationToken, ValueTask<HttpRequestMessage>> request)
{
    private const int BufferSize = 8 * 1024;

    /// <summary>
    /// An attempt whose stream was open for this long made progress, even without an event. The silence of a stall does not count.
    /// Proxies end quiet streams after 15 seconds or more. Only a server that ends each stream at once makes the waits grow.
    /// </summary>
    private static readonly TimeSpan LongAttempt = TimeSpan.FromSeconds(5);

    internal async IAsyncEnumerable<SseItem<string>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parser = new EventParser(options.MaxEventBytes, options.LastEventId);
        var buffer = new byte[BufferSize];
        var failedAttempts = 0;
        var wasUnauthorized = false;
        while (true)
        {
            EventStreamDisconnection? end;
            var hasProgress = false;
            parser.Reset();
            using (var connection = new Connection(options, buffer, cancellationToken))
            {
                end = await connection.OpenAsync(http, request, parser.ResumeId).ConfigureAwait(false);
                if (end is null)
                {
                    var openedAt = options.TimeProvider.GetTimestamp();
                    Log.Connected(logger, connection.Uri, parser.ResumeId);
                    options.Connected?.Invoke(new EventStreamConnection(connection.Uri, parser.ResumeId, failedAttempts));
                    while ((end = await connection.ReadAsync(parser).ConfigureAwait(false)) is null)
                    {
                        hasProgress = true;
                        ClientMetrics.CountEvent();
                        yield return parser.Current;
                    }

                    var duration = options.TimeProvider.GetElapsedTime(openedAt);
                    if (end.Reason == EventStreamEndReason.Stalled)
                        duration -= options.StallTimeout;
                    hasProgress |= duration >= LongAttempt;
                }
            }

            failedAttempts = hasProgress ? 0 : failedAttempts + 1;
            var asksAgain = end.StatusCode == HttpStatusCode.Unauthorized && !wasUnauthorized;
            wasUnauthorized = end.StatusCode == HttpStatusCode.Unauthorized;
            (end.FailedAttempts, end.LastEventId) = (failedAttempts, parser.ResumeId);
            end.IsTemporary |= asksAgain;
            if (ShouldReconnect(end))
            {
                end.Delay = asksAgain
                    ? TimeSpan.Zero
                    : backoff.Next(parser.ReconnectionInterval ?? options.ReconnectionInterval, failedAttempts, end.RetryAfter);
            }

            OnDisconnected(end, hasUnsentId: !ReferenceEquals(parser.ResumeId, parser.LastEventId));
            if (end.Delay is { } delay)
                await DelayAsync(delay, cancellationToken).ConfigureAwait(false);
            else if (end.Reason is EventStreamEndReason.EndOfStream or EventStreamEndReason.NoContent)
                yield break;
            else
                Throw(end);
        }
    }

    private bool ShouldReconnect(EventStreamDisconnection end) =>
        end.Reason != EventStreamEndReason.NoContent && (options.ShouldReconnect?.Invoke(end) ?? end.IsTemporary);

    private void OnDisconnected(EventStreamDisconnection end, bool hasUnsentId)
    {
        ClientMetrics.CountEnd(end.Reason);
        if (end.Delay is { } delay)
            Log.Reconnecting(logger, end.Message, delay, end.FailedAttempts, end.Exception);
        else
            Log.Ended(logger, end.Message);
        if (hasUnsentId && end.Delay is not null)
            Log.IdNotSent(logger, end.LastEventId);
        options.Disconnected?.Invoke(end);
    }

    /// <summary>Throws the exception for an end after which the client does not reconnect.</summary>
    private static void Throw(EventStreamDisconnection end)
    {
        // Permanent exceptions come from the application or its handlers.
        if (end is { Reason: EventStreamEndReason.ConnectionFailed, IsTemporary: false })
            ExceptionDispatchInfo.Capture(end.Exception!).Throw();
        throw new EventStreamException(end.Message, end.Exception)
        {
            Reason = end.Reason,
            StatusCode = end.StatusCode,
            LastEventId = end.LastEventId,
        };
    }

    private Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
#if NET
        Task.Delay(delay, options.TimeProvider, cancellationToken);
#else
        options.TimeProvider.Delay(delay, cancellationToken);
#endif
}
