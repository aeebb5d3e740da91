using System.Net;
using System.Net.Http.Headers;

namespace ServerSentEvents.Client.Internal;

/// <summary>One attempt: a request and the stream of its response. Used by one reader.</summary>
internal sealed class Connection : IDisposable
{
    private const string MediaType = "text/event-stream";

    private readonly EventStreamClientOptions _options;

    /// <summary>The buffer of the received bytes. Those from <see cref="_start"/> to <see cref="_end"/> are not parsed yet.</summary>
    private readonly byte[] _buffer;

    private readonly CancellationToken _canceled;

    /// <summary>The source of the token that the reader and a stall cancel.</summary>
    private readonly CancellationTokenSource _aborted;

    /// <summary>The timer of a stall. It runs only while the connection waits for the server.</summary>
    private readonly ITimer _stall;

    private volatile bool _hasStalled;
    private HttpRequestMessage? _request;
    private HttpResponseMessage? _response;
    private Stream? _body;
    private int _start, _end;

    internal Connection(EventStreamClientOptions options, byte[] buffer, CancellationToken canceled)
    {
        (_options, _buffer, _canceled) = (options, buffer, canceled);
        _aborted = CancellationTokenSource.CreateLinkedTokenSource(canceled);
        _stall = options.TimeProvider.CreateTimer(
            static state => ((Connection)state!).Stall(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The address of the stream, after redirects.</summary>
    internal Uri? Uri => _response?.RequestMessage?.RequestUri;

    /// <summary>Sends the request. Returns null if the response is an event stream.</summary>
    /// <exception cref="OperationCanceledException">The reader has canceled the attempt.</exception>
    internal async ValueTask<EventStreamDisconnection?> OpenAsync(
        HttpClient http, Func<CancellationToken, ValueTask<HttpRequestMessage>> request, string? lastEventId)
    {
        _canceled.ThrowIfCancellationRequested();
        try
        {
            _request = await request(_canceled).ConfigureAwait(false)
                ?? throw new InvalidOperationException("The function that makes requests has returned null.");
            AddHeaders(_request, http.DefaultRequestHeaders, lastEventId);
            _response = await WaitAsync(http.SendAsync(_request, HttpCompletionOption.ResponseHeadersRead, _aborted.Token))
                .ConfigureAwait(false);
            // Some handlers answer although they are canceled.
            _canceled.ThrowIfCancellationRequested();
            if (Check(_response) is { } end)
                return end;
            _body = await WaitAsync(OpenBodyAsync()).ConfigureAwait(false);
            ClientMetrics.CountOpened();
            return null;
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    /// <summary>Reads until the parser has an event, and returns null; or until the stream ends, and returns its end.</summary>
    /// <exception cref="OperationCanceledException">The reader has canceled the attempt.</exception>
    internal async ValueTask<EventStreamDisconnection?> ReadAsync(EventParser parser)
    {
        while (true)
        {
            _canceled.ThrowIfCancellationRequested();
            var result = parser.Parse(_buffer.AsSpan(_start, _end - _start), out var consumed);
            _start += consumed;
            if (result == ParseResult.Event)
                return null;
            if (result == ParseResult.TooLarge)
            {
                var message = $"An event is larger than MaxEventBytes ({_options.MaxEventBytes} bytes).";
                return new(EventStreamEndReason.EventTooLarge, message, isTemporary: false);
            }

            try
            {
                (_start, _end) = (0, await WaitAsync(ReadBodyAsync()).ConfigureAwait(false));
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }

            if (_end > 0)
                continue;
            // The bodies of some handlers end when they are canceled.
            _canceled.ThrowIfCancellationRequested();
            return _hasStalled ? Stalled() : new(EventStreamEndReason.EndOfStream, "The server has ended the stream.", isTemporary: true);
        }
    }

    /// <summary>Ends the request.</summary>
    public void Dispose()
    {
        if (_body is not null)
            ClientMetrics.CountClosed();
        _stall.Dispose();
        _response?.Dispose();
        _request?.Dispose();
        _aborted.Dispose();
    }

    private static void AddHeaders(HttpRequestMessage request, HttpRequestHeaders defaults, string? lastEventId)
    {
        // The usual default of an HttpClient is application/json, which a server of streams refuses.
        if (!request.Headers.Contains("Accept") && !AcceptsStreams(defaults))
            request.Headers.TryAddWithoutValidation("Accept", MediaType);
        if (!request.Headers.Contains("Cache-Control") && !defaults.Contains("Cache-Control"))
            request.Headers.TryAddWithoutValidation("Cache-Control", "no-cache");
        if (lastEventId is null)
            return;
        request.Headers.Remove("Last-Event-ID");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
    }

    private static bool AcceptsStreams(HttpRequestHeaders headers) => headers.Accept.Any(static range =>
        range.MediaType is "*/*" or "text/*" || string.Equals(range.MediaType, MediaType, StringComparison.OrdinalIgnoreCase));

    /// <summary>Returns null if a response is an event stream.</summary>
    private EventStreamDisconnection? Check(HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.NoContent)
            return Refused(EventStreamEndReason.NoContent, "The server has answered 204.");
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return Refused(
                EventStreamEndReason.UnexpectedStatus,
                $"The server has answered {(int)response.StatusCode} ({response.ReasonPhrase}) instead of an event stream.",
                TemporaryFailures.IsTemporary(response.StatusCode));
        }

        // The raw value: parameters do not matter, even if they are malformed.
        var contentType = response.Content?.Headers.TryGetValues("Content-Type", out var values) == true ? values.First() : "";
        if (string.Equals(contentType.Split(';')[0].Trim(), MediaType, StringComparison.OrdinalIgnoreCase))
            return null;
        return Refused(
            EventStreamEndReason.UnexpectedContentType,
            $"The server has answered with the content type '{contentType}' instead of '{MediaType}'.");

        EventStreamDisconnection Refused(EventStreamEndReason reason, string message, bool isTemporary = false) =>
            new(reason, message, isTemporary) { StatusCode = response.StatusCode, RetryAfter = RetryAfter(response) };
    }

    /// <summary>Returns the shortest wait that a server asks for; null if it does not.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.RetryAfter is { } known)
        {
            // The dates of the server are of one clock, which can differ from that of the client. A cache tells the age of its answer.
            return known.Delta ?? (response.Headers.Date is { } sent
                ? known.Date - sent - (response.Headers.Age ?? TimeSpan.Zero)
                : known.Date - _options.TimeProvider.GetUtcNow());
        }

        // The BCL knows no seconds above int.MaxValue.
        return response.Headers.TryGetValues("Retry-After", out var values) && values.First() is { Length: > 9 } value && value.All(IsDigit)
            ? EventStreamClientOptions.LongestInterval
            : null;

        static bool IsDigit(char character) => character is >= '0' and <= '9';
    }

    private EventStreamDisconnection Failed(Exception exception)
    {
        _canceled.ThrowIfCancellationRequested();
        if (_hasStalled)
            return Stalled(exception);
        return _body is null
            ? Ended($"The request has failed: {exception.Message}", TemporaryFailures.IsTemporary(exception, isSent: _request is not null))
            : Ended($"The stream has broken off: {exception.Message}", isTemporary: true);

        EventStreamDisconnection Ended(string message, bool isTemporary) =>
            new(EventStreamEndReason.ConnectionFailed, message, isTemporary) { Exception = exception };
    }

    private EventStreamDisconnection Stalled(Exception? exception = null) => new(
        EventStreamEndReason.Stalled, $"Nothing was received for {_options.StallTimeout}.", isTemporary: true)
    { Exception = exception };

    /// <summary>Waits for the server, at most for the timeout of a stall.</summary>
    private async Task<T> WaitAsync<T>(Task<T> task)
    {
        _stall.Change(_options.StallTimeout, Timeout.InfiniteTimeSpan);
        try
        {
#if NET
            return await task.ConfigureAwait(false);
#else
            var closing = Task.CompletedTask;
            try
            {
                // Streams of older frameworks do not observe the token while they read. On .NET Framework, Dispose can wait for the
                // server, so the thread that cancels must not call it.
                using (_aborted.Token.Register(() => closing = Task.Run(() => _response?.Dispose())))
                    return await task.ConfigureAwait(false);
            }
            finally
            {
                await closing.ConfigureAwait(false);
            }
#endif
        }
        finally
        {
            _stall.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private Task<Stream> OpenBodyAsync() =>
#if NET
        _response!.Content.ReadAsStreamAsync(_aborted.Token);
#else
        _response!.Content.ReadAsStreamAsync();
#endif

    private Task<int> ReadBodyAsync() =>
#if NET
        _body!.ReadAsync(_buffer, _aborted.Token).AsTask();
#else
        _body!.ReadAsync(_buffer, 0, _buffer.Length, _aborted.Token);
#endif

    private void Stall()
    {
        _hasStalled = true;
        try
        {
            _aborted.Cancel();
        }
        catch (Exception)
        {
            // The attempt has just ended, or a handler's callback threw. An exception would end the process here.
        }
    }
}
