using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ServerSentEvents.Client.Internal;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Client;

/// <summary>A client for Server-Sent Events that reconnects and resumes, as the <c>EventSource</c> of browsers does.</summary>
/// <remarks>
/// <para><b>Streams.</b> A read makes one request after another until the server answers 204, a failure is permanent, or the reader
/// stops. Each request sends the last event id, so a server with a history continues where the previous connection ended. Canceling
/// the token ends the request at once while the loop waits for an event, and otherwise when the loop asks for the next one. Leaving the
/// loop ends it as well; over HTTP/1.1 the handler may keep the connection for two seconds (<c>ResponseDrainTimeout</c>).</para>
/// <para><b>Failures.</b> The end of a stream, a lost connection, a stall, and the statuses 408, 425, 429 and 5xx (other than 501
/// and 505) are temporary: the client waits and reconnects. After a 401, the client repeats the request immediately, but only
/// once. A function for the request is called again. All other statuses, another content type, and an event that is too large are
/// permanent: the loop throws an <see cref="EventStreamException"/>. <see cref="EventStreamClientOptions.ShouldReconnect"/> can decide otherwise.</para>
/// <para><b>Waits.</b> The first wait is the reconnection interval plus a random part of up to half of it. The interval is that of
/// the server's <c>retry:</c>, or else of the options. After each further attempt without progress, the wait doubles, up to
/// <see cref="EventStreamClientOptions.MaxReconnectionInterval"/>. An attempt makes progress if it delivers an event or if its
/// stream stays open for 5 seconds. The silence of a stall does not count. A <c>Retry-After</c> is honored as the shortest wait.</para>
/// <para><b>Threads.</b> Instances are safe to use from several threads, and each enumeration has its own connection. The client does not
/// dispose the <see cref="HttpClient"/>. <see cref="HttpClient.Timeout"/> limits the wait for the headers, not the stream.</para>
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents.Client;
///
/// using var http = new HttpClient();
/// var client = new EventStreamClient(http);
/// await foreach (var item in client.ReadAsync(new Uri("https://example.com/events")))
///     Console.WriteLine($"{item.EventType}: {item.Data}");
/// </code>
/// </example>
public sealed class EventStreamClient
{
    private readonly HttpClient _http;
    private readonly EventStreamClientOptions _options;
    private readonly Backoff _backoff;
    private readonly ILogger _logger;

    /// <summary>Initializes a client that sends its requests with an <see cref="HttpClient"/>.</summary>
    /// <param name="http">The HTTP client. Its handlers, default headers and base address apply.</param>
    /// <param name="options">The settings, which are copied; null for the defaults.</param>
    /// <exception cref="ArgumentNullException"><paramref name="http"/> or the time provider is null.</exception>
    /// <exception cref="ArgumentException">A value of the options is out of its range.</exception>
    public EventStreamClient(HttpClient http, EventStreamClientOptions? options = null)
        : this(http, options, Backoff.NextRandom)
    {
    }

    /// <summary>Initializes a client with a source of jitter: numbers from 0 to 1.</summary>
    internal EventStreamClient(HttpClient http, EventStreamClientOptions? options, Func<double> random)
    {
        ArgumentNullException.ThrowIfNull(http);
        _http = http;
        _options = (options ?? new EventStreamClientOptions()).CheckedCopy(nameof(options));
        _backoff = new Backoff(_options.MaxReconnectionInterval, random);
        _logger = _options.LoggerFactory?.CreateLogger("ServerSentEvents.Client") ?? NullLogger.Instance;
        ClientMetrics.CreateInstruments();
    }

    /// <summary>Reads the events of an address by GET requests.</summary>
    /// <param name="uri">The address, absolute or relative to the base address of the <see cref="HttpClient"/>.</param>
    /// <param name="cancellationToken">A token that ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>
    /// The events, in the order of the server. Each enumeration connects on its own, at its first event, and starts with
    /// <see cref="EventStreamClientOptions.LastEventId"/>. <see cref="SseItem{T}.EventId"/> is the last event id as of this event, as in
    /// browsers, and so also that of an earlier event; null if there is none. A <c>retry:</c> is not part of the items.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="uri"/> is null.</exception>
    /// <exception cref="EventStreamException">Thrown by the enumeration after a permanent failure.</exception>
    public IAsyncEnumerable<SseItem<string>> ReadAsync(Uri uri, CancellationToken cancellationToken = default) =>
        ReadAsync(NewGet(uri), cancellationToken);

    /// <summary>Reads the events of requests that a function makes, such as a POST or a request with a fresh token.</summary>
    /// <param name="request">
    /// A function that returns a new request for each attempt. The client disposes the request. It adds <c>Accept</c> and
    /// <c>Cache-Control</c> if neither the request nor the defaults of the <see cref="HttpClient"/> have them, and replaces
    /// a default <c>Accept</c> that excludes streams. It sets <c>Last-Event-ID</c> if there is an id. A server may process
    /// a request with a body again at each attempt. The client applies no timeout to the function.
    /// </param>
    /// <param name="cancellationToken">A token that ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The events, as by <see cref="ReadAsync(Uri, CancellationToken)"/>.</returns>
    /// <remarks>
    /// <para>If the function throws an <see cref="HttpRequestException"/>, an <see cref="IOException"/>, a
    /// <see cref="TimeoutException"/>, a <see cref="System.Net.WebException"/> or an <see cref="OperationCanceledException"/>, the attempt has
    /// failed temporarily. The enumeration throws every other exception of the function unchanged.</para>
    /// <para>An exception of the handlers of the <see cref="HttpClient"/> is temporary, for example that of an open circuit breaker. The
    /// enumeration throws these unchanged: <see cref="ArgumentException"/>, <see cref="InvalidOperationException"/> other than
    /// <see cref="System.Net.WebException"/>, and <see cref="NotSupportedException"/>.</para>
    /// <para>An <see cref="HttpRequestException"/> with a permanent status, such as a 400 for a token, is thrown unchanged as well. The
    /// build for .NET Standard does not know its status. A <see cref="System.Net.WebException"/> with the status
    /// <see cref="System.Net.WebExceptionStatus.ProtocolError"/> is thrown unchanged, whatever the status of the response.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="EventStreamException">Thrown by the enumeration after a permanent failure.</exception>
    /// <example>
    /// <code>
    /// using System.Net.Http.Headers;
    /// using ServerSentEvents.Client;
    ///
    /// using var http = new HttpClient { BaseAddress = new Uri("https://example.com") };
    /// var client = new EventStreamClient(http);
    /// await foreach (var item in client.ReadAsync(async token =>
    /// {
    ///     var request = new HttpRequestMessage(HttpMethod.Post, "search") { Content = new StringContent("cats") };
    ///     request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await GetTokenAsync(token));
    ///     return request;
    /// }))
    /// {
    ///     Console.WriteLine(item.Data);
    /// }
    ///
    /// static Task&lt;string&gt; GetTokenAsync(CancellationToken token) => Task.FromResult("secret");
    /// </code>
    /// </example>
    public IAsyncEnumerable<SseItem<string>> ReadAsync(
        Func<CancellationToken, ValueTask<HttpRequestMessage>> request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new EventStreamReader(_http, _options, _backoff, _logger, request).ReadAsync(cancellationToken);
    }

    /// <summary>Reads the events of an address, and deserializes their data from JSON.</summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    /// <param name="uri">The address, absolute or relative to the base address of the <see cref="HttpClient"/>.</param>
    /// <param name="typeInfo">The metadata of the type, from a <c>JsonSerializerContext</c>.</param>
    /// <param name="cancellationToken">A token that ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>
    /// The events, as by <see cref="ReadAsync(Uri, CancellationToken)"/>. An event with empty data has the default value of
    /// <typeparamref name="T"/>. So has the JSON value <c>null</c>, if <typeparamref name="T"/> is a reference type.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="uri"/> or <paramref name="typeInfo"/> is null.</exception>
    /// <exception cref="EventStreamException">
    /// Thrown by the enumeration after a permanent failure, or if the data of an event does not fit the type. To skip such events,
    /// call <see cref="ReadAsync(Uri, CancellationToken)"/> and deserialize the data in the loop.
    /// </exception>
    public IAsyncEnumerable<SseItem<T>> ReadJsonAsync<T>(
        Uri uri, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken = default) =>
        ReadJsonAsync(NewGet(uri), typeInfo, cancellationToken);

    /// <summary>Reads the events of requests that a function makes, and deserializes their data from JSON.</summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    /// <param name="request">A function that returns a new request for each attempt.</param>
    /// <param name="typeInfo">The metadata of the type, from a <c>JsonSerializerContext</c>.</param>
    /// <param name="cancellationToken">A token that ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The events, as by <see cref="ReadJsonAsync{T}(Uri, JsonTypeInfo{T}, CancellationToken)"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> or <paramref name="typeInfo"/> is null.</exception>
    /// <exception cref="EventStreamException">
    /// Thrown by the enumeration after a permanent failure, or if the data of an event does not fit the type.
    /// </exception>
    public IAsyncEnumerable<SseItem<T>> ReadJsonAsync<T>(
        Func<CancellationToken, ValueTask<HttpRequestMessage>> request,
        JsonTypeInfo<T> typeInfo,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        return DeserializeAsync(ReadAsync(request, cancellationToken), typeInfo, cancellationToken);
    }

    private Func<CancellationToken, ValueTask<HttpRequestMessage>> NewGet(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var http = _http;
        return _ =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, uri);
#if NET
            (request.Version, request.VersionPolicy) = (http.DefaultRequestVersion, http.DefaultVersionPolicy);
#endif
            return new(request);
        };
    }

    private static async IAsyncEnumerable<SseItem<T>> DeserializeAsync<T>(
        IAsyncEnumerable<SseItem<string>> items, JsonTypeInfo<T> typeInfo, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
            yield return new SseItem<T>(Deserialize(item, typeInfo), item.EventType).WithId(item.EventId);
    }

    private static T Deserialize<T>(SseItem<string> item, JsonTypeInfo<T> typeInfo)
    {
        try
        {
            return item.Data.Length == 0 ? default! : JsonSerializer.Deserialize(item.Data, typeInfo)!;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new EventStreamException(
                $"The data of an event of type '{item.EventType}' cannot be read as {typeof(T).Name}: {exception.Message}", exception)
            {
                LastEventId = item.EventId,
            };
        }
    }
}
