using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The handler of the requests to one mapped endpoint.</summary>
/// <param name="publisher">The publisher.</param>
/// <param name="subscribe">The application's function, which returns the options of each request; null refuses it.</param>
/// <param name="streams">The open streams of the application; null without a host.</param>
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
        // A lookup in the services of each request would keep their scope as long as the stream.
        var streams = OpenStreams.Of(endpoints.ServiceProvider);
        streams?.DrainAtStop(publisher);
        var endpoint = new EventStreamEndpoint<TProperties>(publisher, subscribe, streams);
        // Do not pass the method itself: OpenAPI would name the group of the endpoint after this class.
        RequestDelegate handle = context => endpoint.HandleAsync(context);
        return new GetAndHeadEndpoints(endpoints, pattern, handle);
    }

    private Task HandleAsync(HttpContext context)
    {
        var options = subscribe(context);
        return options.IsCompletedSuccessfully ? AnswerAsync(context, options.Result) : WaitAndAnswerAsync(context, options);
    }

    private async Task WaitAndAnswerAsync(HttpContext context, ValueTask<SubscribeOptions<TProperties>?> options) =>
        await AnswerAsync(context, await options.ConfigureAwait(false)).ConfigureAwait(false);

    private Task AnswerAsync(HttpContext context, SubscribeOptions<TProperties>? options)
    {
        if (options is not null)
            return EventStreamResponse.WriteAsync(context, publisher, options, streams);
        // The function can refuse the client with its own status or response.
        if (context.Response is { HasStarted: false, StatusCode: StatusCodes.Status200OK })
            EventStreamHeaders.Refuse(context.Response, StatusCodes.Status204NoContent);
        return Task.CompletedTask;
    }
}
