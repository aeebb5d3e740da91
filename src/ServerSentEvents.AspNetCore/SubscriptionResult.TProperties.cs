using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using ServerSentEvents.AspNetCore.Internal;

namespace ServerSentEvents.AspNetCore;

/// <summary>
/// A response that is a subscription's stream, with status 200 and all the headers that it needs. It ends when the
/// subscription does, when the client has gone, and when the application stops; and the subscription ends with it.
/// </summary>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
/// <remarks>
/// It is executed once, as a subscription is read once. One that never is leaves a subscription that nobody reads, which
/// is bounded by its queue.
/// </remarks>
public sealed class SubscriptionResult<TProperties> : IResult, IEndpointMetadataProvider, IStatusCodeHttpResult, IContentTypeHttpResult
{
    internal SubscriptionResult(Subscription<TProperties> subscription) => Subscription = subscription;

    /// <summary>The subscription whose stream it is.</summary>
    public Subscription<TProperties> Subscription { get; }

    /// <summary>Always 200: a client gives up for good at any other.</summary>
    public int? StatusCode => StatusCodes.Status200OK;

    /// <summary>Always <c>text/event-stream</c>.</summary>
    public string? ContentType => EventStreamResponse.ContentType;

    /// <summary>Sends the headers at once, and then the stream, until it ends.</summary>
    /// <param name="httpContext">The request.</param>
    /// <returns>A task that ends with the stream, or when the client has gone.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="httpContext"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The subscription already has, or had, a reader, or the response has started.</exception>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return EventStreamResponse.WriteAsync(httpContext, Subscription, OpenStreams.Of(httpContext.RequestServices));
    }

    /// <inheritdoc/>
    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        EventStreamMetadata.AddTo(builder);
    }
}
