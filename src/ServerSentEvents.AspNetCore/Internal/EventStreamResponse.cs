using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>Writes a subscription to a response, from the headers to its end.</summary>
internal static class EventStreamResponse
{
    internal const string ContentType = "text/event-stream";

    /// <summary>Ends with the stream, or with the client. It throws what a broken response throws, and nothing of either.</summary>
    /// <param name="context">The request.</param>
    /// <param name="subscription">What is written.</param>
    /// <param name="streams">Among which it is to end with the application; null where nothing tells when that stops.</param>
    /// <exception cref="InvalidOperationException">The subscription has, or had, another reader, who is left alone; nothing was sent.</exception>
    internal static async Task WriteAsync<TProperties>(
        HttpContext context, Subscription<TProperties> subscription, OpenStreams? streams)
    {
        subscription.TakeReader();
        var aborted = context.RequestAborted;
        var logger = streams?.Logger ?? NullLogger.Instance;
        var stream = new OpenStream(context, subscription.Close);
        streams?.Add(stream);
        try
        {
            Log.Opened(logger);
            Prepare(context);
            // The client is to know that it is connected, and not only with the first event. By the stream: where middleware has
            // put one of its own in place, the writer on top of it has nothing to flush as long as nothing is written.
            await context.Response.Body.FlushAsync(aborted).ConfigureAwait(false);
            await subscription.CopyAsReaderAsync(context.Response.BodyWriter, aborted).ConfigureAwait(false);
        }
        catch (Exception exception) when (subscription.HasLoadFailed)
        {
            // The response has begun, so the client cannot get an error. After an orderly end it tries again.
            Log.LoadFailed(logger, exception);
        }
        catch (AggregateException exception)
        {
            Log.EndFailed(logger, exception);
        }
        catch (Exception exception) when (aborted.IsCancellationRequested)
        {
            // A server aborts the request by itself when it has to give up a flush.
            if (!subscription.WasCutOff)
                Log.ClientHasGone(logger, exception is OperationCanceledException ? null : exception);
        }
        finally
        {
            // The client must not take the end of the response for the end of the stream: events were left out.
            if (subscription.WasCutOff)
                stream.CutOff(logger);
            streams?.Remove(stream);
            End(subscription, logger);
        }
    }

    /// <summary>What keeps servers, middleware and proxies from holding events back, or ending the stream.</summary>
    private static void Prepare(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache, no-store, no-transform";
        response.Headers.ContentEncoding = "identity";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
    }

    private static void End<TProperties>(Subscription<TProperties> subscription, ILogger logger)
    {
        try
        {
            // Where not even the headers could be sent, nobody has read it to its end.
            subscription.Dispose();
        }
        catch (AggregateException exception)
        {
            Log.EndFailed(logger, exception);
        }

        Log.Ended(logger, subscription.EndReason);
        if (subscription.EndReason == SubscriptionEndReason.Overflowed)
            Log.Overflowed(logger);
        if (subscription.DroppedEvents > 0)
            Log.Dropped(logger, subscription.DroppedEvents);
    }
}
