using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The open streams of one application, and the publishers to drain when the application stops.</summary>
internal sealed class OpenStreams
{
    /// <summary>
    /// The streams of each application. The key is its host lifetime, which no other application shares. Streams of publishers
    /// that are not registered are included.
    /// </summary>
    private static readonly ConditionalWeakTable<IHostApplicationLifetime, OpenStreams> All = new();

    /// <summary>The longest wait for handlers before the host stops other services, which short handlers may use.</summary>
    private static readonly TimeSpan HandlerTimeBefore = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait for handlers after that, before the host disposes the services.</summary>
    private static readonly TimeSpan HandlerTimeAfter = TimeSpan.FromSeconds(5);

    private readonly StreamShutdown _shutdown;
    private readonly Lock _gate = new();

    /// <summary>The open streams. Guarded by <see cref="_gate"/>.</summary>
    private readonly HashSet<OpenStream> _open = [];

    /// <summary>
    /// The publishers that have been registered, mapped or used by a result, each with the method that begins to drain it. The table is
    /// weak: it keeps no publisher alive. Guarded by <see cref="_gate"/>.
    /// </summary>
    private readonly ConditionalWeakTable<object, Func<Action>> _publishers = new();

    /// <summary>True from the beginning of the stop. Guarded by <see cref="_gate"/>.</summary>
    private bool _isStopping;

    /// <summary>The task of the handlers that run when the application stops. It never fails. Guarded by <see cref="_gate"/>.</summary>
    private Task _handlers = Task.CompletedTask;

    private OpenStreams(IServiceProvider services)
    {
        Settings = EventStreamSettings.Of(services);
        Logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("ServerSentEvents");
        _shutdown = new(Settings.Time, Logger);
    }

    internal EventStreamSettings Settings { get; }

    internal ILogger Logger { get; }

    /// <summary>Returns the streams of the application with these services, or null without a host.</summary>
    internal static OpenStreams? Of(IServiceProvider? services)
    {
        if (services?.GetService<IHostApplicationLifetime>() is not { } lifetime)
            return null;
        return All.TryGetValue(lifetime, out var streams) ? streams : AddTo(lifetime, services);
    }

    /// <summary>
    /// Drains a publisher when the application stops. During the stop, it is drained at once, so that a client that comes now
    /// gets a <c>retry:</c>.
    /// </summary>
    internal void DrainAtStop<TProperties>(Publisher<TProperties> publisher)
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                _publishers.TryAdd(publisher, publisher.BeginDrain);
                return;
            }
        }

        _shutdown.Try(publisher.Drain);
    }

    /// <summary>Adds a stream. During the stop, its end begins at once.</summary>
    internal void Add(OpenStream stream)
    {
        lock (_gate)
        {
            _open.Add(stream);
            if (!_isStopping)
                return;
        }

        AddHandlers(_shutdown.End([], [stream]));
    }

    /// <summary>Removes a stream whose response is complete.</summary>
    internal void Remove(OpenStream stream)
    {
        stream.SetOver();
        lock (_gate)
            _open.Remove(stream);
    }

    private static OpenStreams AddTo(IHostApplicationLifetime lifetime, IServiceProvider services)
    {
        var added = new OpenStreams(services);
        var streams = All.GetValue(lifetime, _ => added);
        if (ReferenceEquals(streams, added))
        {
            lifetime.ApplicationStopping.UnsafeRegister(static streams => ((OpenStreams)streams!).Stop(), streams);
            lifetime.ApplicationStopped.UnsafeRegister(static streams => ((OpenStreams)streams!).WaitForHandlers(HandlerTimeAfter), streams);
        }

        return streams;
    }

    private void Stop()
    {
        Func<Action>[] drains;
        OpenStream[] open;
        lock (_gate)
        {
            _isStopping = true;
            drains = [.. _publishers.Select(static publisher => publisher.Value)];
            open = [.. _open];
        }

        AddHandlers(_shutdown.End(drains, open));
        if (open.Length > 0)
            Guarded.Run(() => Log.Stopping(Logger, open.Length), Logger);
        WaitForHandlers(HandlerTimeBefore);
    }

    private void AddHandlers(Task handlers)
    {
        lock (_gate)
            _handlers = Task.WhenAll(_handlers, handlers);
    }

    private void WaitForHandlers(TimeSpan timeout)
    {
        Task handlers;
        lock (_gate)
            handlers = _handlers;
        handlers.Wait(timeout);
    }
}
