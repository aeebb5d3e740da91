using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ServerSentEvents.Internal.Delivery;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The response that is an event stream, from the headers to the end. All endpoints and results use this class.</summary>
internal static class EventStreamResponse
{
    /// <summary>The longest time that a request waits for a <c>LoadInitialData</c> function that ignores its token.</summary>
    private static readonly TimeSpan LoadTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Subscribes for a request, and writes the stream until it ends or the client has disconnected.</summary>
    internal static Task WriteAsync<TProperties>(
        HttpContext context, Publisher<TProperties> publisher, SubscribeOptions<TProperties> options, OpenStreams? streams)
    {
        var settings = SettingsOf(context, streams);
        if (TryAnswerWithoutStream(context))
            return Task.CompletedTask;
        streams?.DrainAtStop(publisher);
        var subscription = Subscribe(publisher, options, context.Request, settings);
        subscription.TakeReader();
        return StreamAsync(context, subscription, publisher.BeginDrain, settings, streams);
    }

    /// <summary>Writes a subscription until it ends or the client has disconnected.</summary>
    /// <exception cref="InvalidOperationException">
    /// The subscription has, or had, another reader. That reader is not affected, and nothing was sent.
    /// </exception>
    internal static Task WriteAsync<TProperties>(HttpContext context, Subscription<TProperties> subscription)
    {
        subscription.TakeReader();
        OpenStreams? streams = null;
        var isStreamed = false;
        try
        {
            streams = OpenStreams.Of(context.RequestServices);
            var settings = SettingsOf(context, streams);
            isStreamed = !TryAnswerWithoutStream(context);
            return isStreamed ? StreamAsync(context, subscription, subscription.BeginClose, settings, streams) : Task.CompletedTask;
        }
        finally
        {
            // Nothing else would end the subscription.
            if (!isStreamed)
                End(subscription, LoggerOf(streams));
        }
    }

    /// <summary>
    /// Prepares the whole response to a request that gets no stream: 406 for a client that does not accept streams, and the headers of
    /// a stream for HEAD. Returns false if the answer is a stream.
    /// </summary>
    private static bool TryAnswerWithoutStream(HttpContext context)
    {
        if (!EventStreamRequest.Accepts(context.Request))
        {
            EventStreamHeaders.Refuse(context.Response, StatusCodes.Status406NotAcceptable);
            return true;
        }

        if (!HttpMethods.IsHead(context.Request.Method))
            return false;
        EventStreamHeaders.Prepare(context);
        return true;
    }

    private static Subscription<TProperties> Subscribe<TProperties>(
        Publisher<TProperties> publisher, SubscribeOptions<TProperties> options, HttpRequest request, EventStreamSettings settings)
    {
        // The application can use one instance for all requests.
        var copy = options.Copy();
        copy.LastEventId = EventStreamRequest.LastEventId(request, options.LastEventId, settings.AcceptLastEventIdQuery);
        try
        {
            return publisher.Subscribe(copy);
        }
        // Initial data of the application can throw an ObjectDisposedException of another object.
        catch (ObjectDisposedException exception)
            when (string.Equals(exception.ObjectName, publisher.GetType().FullName, StringComparison.Ordinal))
        {
            // After an error, a browser would never reconnect.
            using var drained = new Publisher<TProperties>();
            drained.Drain();
            return drained.Subscribe();
        }
    }

    private static async Task StreamAsync<TProperties>(
        HttpContext context,
        Subscription<TProperties> subscription,
        Func<Action> beginEnd,
        EventStreamSettings settings,
        OpenStreams? streams)
    {
        var aborted = context.RequestAborted;
        var logger = LoggerOf(streams);
        OpenStream? stream = null;
        var load = Task.CompletedTask;
        try
        {
            // Features and clocks of the application can throw. The subscription must then end with the request.
            using var lifetime = StreamLifetime.Start(context, settings, subscription.Close, logger);
            using var timeout = ConnectionTimeout.Set(context, settings.UnresponsiveTimeout);
            LongRunningRequest.MarkTrace(context);
            stream = new(context, beginEnd);
            streams?.Add(stream);
            Log.Opened(logger);
            // Some servers ignore the token of a start.
            aborted.ThrowIfCancellationRequested();
            EventStreamHeaders.Prepare(context);
            // Callbacks of middleware run now, and not in a flush on a thread that serves other streams.
            await context.Response.StartAsync(aborted).ConfigureAwait(false);
            LongRunningRequest.LeaveOutOfMetrics(context);
            // The headers come with a first byte: proxies such as YARP hold headers back until then.
            subscription.EnsureFirstByte();
            (var copy, load) = StartCopy(subscription, context.Response.BodyWriter, aborted);
            await copy.ConfigureAwait(false);
        }
        catch (Exception exception) when (subscription.CopyFailure == CopyFailure.Load)
        {
            // The response has begun, so the client cannot get an error. It reconnects after an orderly end.
            Log.LoadFailed(logger, exception);
        }
        catch (AggregateException exception) when (context.Response.HasStarted)
        {
            Log.EndFailed(logger, exception);
            // Handlers of Unsubscribed or the response body threw. After an exception of the body, events may be missing.
            if (subscription.CopyFailure == CopyFailure.Writer)
                context.Abort();
        }
        catch (Exception exception) when (IsConnectionFailure(exception, context, aborted))
        {
            if (!aborted.IsCancellationRequested)
                context.Abort();
            if (!subscription.WasCutOff)
                Log.ClientHasGone(logger, exception is OperationCanceledException ? null : exception);
        }
        finally
        {
            // Events are missing, so the client must see an aborted response, not an orderly end.
            if (subscription.WasCutOff)
                stream?.CutOff(logger);
            End(subscription, logger);
            // Let the client not wait for the function. After a failed copy, it must not see an orderly end.
            if (!load.IsCompleted && subscription.CopyFailure == CopyFailure.None)
                await CompleteAsync(context.Response).ConfigureAwait(false);
            if (stream is not null)
                streams?.Remove(stream);
            await WaitForLoadAsync(load, logger).ConfigureAwait(false);
        }
    }

    /// <summary>Starts the copy. Also returns the task of a function that loads the initial data, without a reference to the data.</summary>
    private static (Task Copy, Task Load) StartCopy<TProperties>(
        Subscription<TProperties> subscription, PipeWriter writer, CancellationToken aborted)
    {
        var load = subscription.PendingLoad;
        var copy = subscription.CopyAsReaderAsync(writer, aborted);
        return (copy, load?.Completion ?? Task.CompletedTask);
    }

    private static async Task CompleteAsync(HttpResponse response)
    {
        try
        {
            await response.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The client has disconnected.
        }
    }

    /// <summary>
    /// Returns whether the client has disconnected, or its connection has failed. Kestrel can throw the socket error before it aborts the
    /// request. Before the response has started, a canceled token can also be a request timeout, whose middleware needs the exception.
    /// </summary>
    private static bool IsConnectionFailure(Exception exception, HttpContext context, CancellationToken aborted) =>
        context.Response.HasStarted
            ? aborted.IsCancellationRequested || IsSocketError(exception)
            : aborted.IsCancellationRequested && context.Features.Get<IHttpRequestTimeoutFeature>() is null;

    /// <summary>Returns whether an exception is a socket error. Over TLS, an <see cref="IOException"/> wraps the error.</summary>
    private static bool IsSocketError(Exception exception) =>
        exception is SocketException or IOException { InnerException: SocketException };

    /// <summary>Waits until a canceled function has returned, because it can use services of the request.</summary>
    private static async Task WaitForLoadAsync(Task load, ILogger logger)
    {
        if (load.IsCompleted)
            return;
        await load.WaitAsync(LoadTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!load.IsCompleted)
            Guarded.Run(() => Log.LoadContinues(logger), logger);
    }

    private static EventStreamSettings SettingsOf(HttpContext context, OpenStreams? streams) =>
        streams?.Settings ?? EventStreamSettings.Of(context.RequestServices);

    private static ILogger LoggerOf(OpenStreams? streams) => streams?.Logger ?? NullLogger.Instance;

    private static void End<TProperties>(Subscription<TProperties> subscription, ILogger logger)
    {
        // If the headers could not be sent, nothing has read the subscription, and it has not ended.
        Guarded.Run(subscription.Dispose, logger);
        Guarded.Run(() => LogEnd(subscription, logger), logger);
    }

    private static void LogEnd<TProperties>(Subscription<TProperties> subscription, ILogger logger)
    {
        Log.Ended(logger, subscription.EndReason);
        if (subscription.EndReason == SubscriptionEndReason.Overflowed)
            Log.Overflowed(logger);
        if (subscription.DroppedEvents > 0)
            Log.Dropped(logger, subscription.DroppedEvents);
    }
}
