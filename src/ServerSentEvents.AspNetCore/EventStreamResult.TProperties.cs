using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using ServerSentEvents.AspNetCore.Internal;

namespace ServerSentEvents.AspNetCore;

/// <summary>A response that subscribes when it is executed, and streams the events of its subscription with status 200.</summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// <para>Returned by <see cref="PublisherExtensions.ToResult"/>. A result that is replaced or never executed leaves no
/// subscription. Each execution subscribes once. Several threads can execute one result.</para>
/// <para>The stream ends when the subscription ends, when the client disconnects, and when the application stops: then the
/// publisher is drained. The subscription ends with the stream.</para>
/// </remarks>
public sealed class EventStreamResult<TProperties> : IResult, IEndpointMetadataProvider, IStatusCodeHttpResult, IContentTypeHttpResult
{
    internal EventStreamResult(Publisher<TProperties> publisher, SubscribeOptions<TProperties> options)
    {
        Publisher = publisher;
        Options = options;
    }

    /// <summary>Gets the publisher to subscribe to.</summary>
    public Publisher<TProperties> Publisher { get; }

    /// <summary>Gets the options of the subscription, as the handler has set them.</summary>
    public SubscribeOptions<TProperties> Options { get; }

    /// <summary>Gets the status of the stream, which is always 200: after any other status, a browser never reconnects.</summary>
    public int? StatusCode => StatusCodes.Status200OK;

    /// <summary>Gets the content type, which is always <c>text/event-stream</c>.</summary>
    public string? ContentType => EventStreamHeaders.ContentType;

    /// <summary>Subscribes, sends the headers and a first byte at once, and then the stream until it ends.</summary>
    /// <param name="httpContext">
    /// The request. The last event id comes from its <c>Last-Event-ID</c> header, else from
    /// <see cref="SubscribeOptions{TProperties}.LastEventId"/>, else from the query parameters <c>lastEventId</c> and
    /// <c>Last-Event-ID</c>.
    /// </param>
    /// <returns>A task that completes when the stream has ended or the client has disconnected.</returns>
    /// <remarks>
    /// A HEAD request gets the headers, and a request whose <c>Accept</c> header excludes event streams gets 406. Neither
    /// subscribes. If the publisher has been drained or disposed, or is full, the stream is only a <c>retry:</c>.
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="httpContext"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// A value of the options, or of <see cref="EventStreamOptions"/>, is outside its range.
    /// </exception>
    /// <exception cref="InvalidOperationException">The response has started.</exception>
    /// <exception cref="AggregateException">A handler of <c>Subscribed</c> threw. The client gets an error.</exception>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return EventStreamResponse.WriteAsync(httpContext, Publisher, Options, OpenStreams.Of(httpContext.RequestServices));
    }

    /// <inheritdoc/>
    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        EventStreamMetadata.AddTo(builder);
    }
}
