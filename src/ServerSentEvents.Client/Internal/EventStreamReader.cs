using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Client.Internal;

/// <summary>Reads the events of one connection after another.</summary>
internal sealed class EventStreamReader(
    HttpClient http, ClientSettings settings, Func<CancellationToken, ValueTask<HttpRequestMessage>> request, Func<Func<double>> newRandom)
{
    private const int BufferSize = 8 * 1024;

    /// <summary>An attempt whose stream was open for this long made progress, even without an event.</summary>
    private static readonly TimeSpan LongAttempt = TimeSpan.FromSeconds(30);

    internal async IAsyncEnumerable<SseItem<string>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parser = new EventParser(settings.MaxEventBytes, settings.LastEventId);
        var backoff = new Backoff(settings.MaxReconnectionInterval, newRandom());
        var buffer = new byte[BufferSize];
        var failedAttempts = 0;
        var wasUnauthorized = false;
        while (true)
        {
            ConnectionEnd? end;
            var hasProgress = false;
            parser.Reset();
            using (var connection = new Connection(settings, buffer, cancellationToken))
            {
                end = await connection.OpenAsync(http, request, parser.ResumeId).ConfigureAwait(false);
                if (end is null)
                {
                    var openedAt = settings.TimeProvider.GetTimestamp();
                    using var counted = ClientMetrics.CountConnection();
                    wasUnauthorized = false;
                    OnConnected(connection.Uri, parser.ResumeId, failedAttempts);
                    while ((end = await connection.ReadAsync(parser).ConfigureAwait(false)) is null)
                    {
                        hasProgress = true;
                        ClientMetrics.CountEvent();
                        yield return parser.Current;
                    }

                    hasProgress |= settings.TimeProvider.GetElapsedTime(openedAt) >= LongAttempt;
                }
            }

            failedAttempts = hasProgress ? 0 : failedAttempts + 1;
            var asksAgain = end.StatusCode == HttpStatusCode.Unauthorized && !wasUnauthorized;
            wasUnauthorized |= asksAgain;
            var disconnection = new EventStreamDisconnection(end.Reason, end.Message, end.IsTemporary || asksAgain)
            {
                StatusCode = end.StatusCode,
                Exception = end.Exception,
                FailedAttempts = failedAttempts,
                LastEventId = NullIfEmpty(parser.ResumeId),
            };
            if (ShouldReconnect(disconnection))
            {
                disconnection.Delay = asksAgain
                    ? TimeSpan.Zero
                    : backoff.Next(parser.ReconnectionInterval ?? settings.ReconnectionInterval, failedAttempts, end.RetryAfter);
            }

            OnDisconnected(disconnection, parser);
            if (disconnection.Delay is { } delay)
                await DelayAsync(delay, cancellationToken).ConfigureAwait(false);
            else if (end.Reason is EventStreamEndReason.EndOfStream or EventStreamEndReason.NoContent)
                yield break;
            else
                end.Throw(parser.ResumeId);
        }
    }

    private static string? NullIfEmpty(string id) => id.Length == 0 ? null : id;

    private bool ShouldReconnect(EventStreamDisconnection disconnection) =>
        disconnection.Reason != EventStreamEndReason.NoContent
        && (settings.ShouldReconnect?.Invoke(disconnection) ?? disconnection.IsTemporary);

    private void OnConnected(Uri? uri, string resumeId, int failedAttempts)
    {
        Log.Connected(settings.Logger, uri, NullIfEmpty(resumeId));
        settings.Connected?.Invoke(new EventStreamConnection(uri, NullIfEmpty(resumeId), failedAttempts));
    }

    private void OnDisconnected(EventStreamDisconnection disconnection, EventParser parser)
    {
        ClientMetrics.CountEnd(disconnection.Reason);
        if (disconnection.Delay is not { } delay)
            Log.Ended(settings.Logger, disconnection.Message);
        else
            Log.Reconnecting(settings.Logger, disconnection.Message, delay, disconnection.FailedAttempts, disconnection.Exception);
        if (!ReferenceEquals(parser.ResumeId, parser.LastEventId))
            Log.IdNotSent(settings.Logger, NullIfEmpty(parser.ResumeId));
        settings.Disconnected?.Invoke(disconnection);
    }

    private Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
#if NET
        Task.Delay(delay, settings.TimeProvider, cancellationToken);
#else
        settings.TimeProvider.Delay(delay, cancellationToken);
#endif
}
