using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>What answers a request: asks the application whom it comes from, subscribes, and writes the stream.</summary>
internal sealed class EventStreamEndpoint<TProperties>(
    Publisher<TProperties> publisher, Func<HttpContext, ValueTask<SubscribeOptions<TProperties>?>> subscribe, OpenStreams? streams)
{
    internal static IEndpointConventionBuilder Map(
        IEndpointRouteBuilder endpoints,
        string pattern,
        Publisher<TProperties> publisher,
        Func<HttpContext, ValueTask<SubscribeOptions<TProperties>?>> subscribe)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        // A request's own services would be kept, with their scope, for as long as its stream.
        var answers = new EventStreamEndpoint<TProperties>(publisher, subscribe, OpenStreams.Of(endpoints.ServiceProvider));
        // A method of the application's own, not of a type with a name that nobody has written, is what OpenAPI groups by.
        RequestDelegate handle = context => answers.HandleAsync(context);
        var endpoint = endpoints.MapGet(pattern, handle);
        endpoint.Add(builder =>
        {
            // OpenAPI describes endpoints that have a method.
            builder.Metadata.Add(handle.Method);
            EventStreamMetadata.AddTo(builder);
        });
        return endpoint;
    }

    private Task HandleAsync(HttpContext context)
    {
        var asked = subscribe(context);
        return asked.IsCompletedSuccessfully ? AnswerAsync(context, asked.Result) : WaitAndAnswerAsync(context, asked);
    }

    private async Task WaitAndAnswerAsync(HttpContext context, ValueTask<SubscribeOptions<TProperties>?> asked) =>
        await AnswerAsync(context, await asked.ConfigureAwait(false)).ConfigureAwait(false);

    private Task AnswerAsync(HttpContext context, SubscribeOptions<TProperties>? options)
    {
        if (options is not null)
            return EventStreamResponse.WriteAsync(context, Subscribe(context, options), streams);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Subscription<TProperties> Subscribe(HttpContext context, SubscribeOptions<TProperties> options)
    {
        var subscribeOptions = WithLastEventId(options, context.Request);
        try
        {
            return publisher.Subscribe(subscribeOptions);
        }
        catch (ObjectDisposedException)
        {
            // An error would make the client give up for good.
            using var drained = new Publisher<TProperties>();
            drained.Drain();
            return drained.Subscribe();
        }
    }

    /// <summary>Returns a copy with the request's last event id. The application can use one instance for all requests.</summary>
    private static SubscribeOptions<TProperties> WithLastEventId(SubscribeOptions<TProperties> options, HttpRequest request)
    {
        var copy = options.Copy();
        // Enumerated here, so that what it throws is not taken for the publisher's.
        copy.InitialData = options.InitialData?.ToList();
        copy.LastEventId ??= request.Headers["Last-Event-ID"];
        return copy;
    }
}
