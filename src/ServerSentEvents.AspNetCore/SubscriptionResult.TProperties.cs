using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using ServerSentEvents.AspNetCore.Internal;

namespace ServerSentEvents.AspNetCore;

/// <summary>A response that streams a subscription with status 200.</summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// <para>Returned by <see cref="SubscriptionExtensions.ToResult"/>. A result can be executed once, because a subscription can
/// be read once. If the result is not executed, its subscription stays until its queue is full, or until the application ends it.</para>
/// <para>The stream ends when the subscription ends, when the client disconnects, and when the application stops. The
/// subscription ends with the stream. At the stop, this result closes its subscription, and leaves the publisher to the application.
/// </para>
/// <para>The properties are safe to read from several threads.</para>
/// </remarks>
public sealed class SubscriptionResult<TProperties> : IResult, IEndpointMetadataProvider, IStatusCodeHttpResult, IContentTypeHttpResult
{
    internal SubscriptionResult(Subscription<TProperties> subscription) => Subscription = subscription;

    /// <summary>Gets the subscription that is streamed.</summary>
    public Subscription<TProperties> Subscription { get; }

    /// <summary>Gets the status of the stream, which is always 200: after any other status, a browser never reconnects.</summary>
    public int? StatusCode => StatusCodes.Status200OK;

    /// <summary>Gets the content type, which is always <c>text/event-stream</c>.</summary>
    public string? ContentType => EventStreamHeaders.ContentType;

    /// <summary>Sends the headers and a first byte at once, and then the stream until it ends.</summary>
    /// <param name="httpContext">The request.</param>
    /// <returns>A task that completes when the stream has ended or the client has disconnected.</returns>
    /// <remarks>
    /// A HEAD request gets the headers, and a request whose <c>Accept</c> header excludes event streams gets 406. Both end the
    /// subscription, and so does an exception, except that of a subscription with another reader.
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="httpContext"/> is null.</exception>
    /// <exception cref="InvalidOperationException">
    /// The subscription has, or had, a reader, or the response has started.
    /// </exception>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return EventStreamResponse.WriteAsync(httpContext, Subscription);
    }

    /// <inheritdoc/>
    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        EventStreamMetadata.AddTo(builder);
    }
}
