using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The streams that an application has open. A host that stops waits for all requests, and these would never end: so it ends
/// them when it begins to stop.
/// </summary>
/// <remarks>
/// First the application's publishers are drained, by which each of their streams says when to come back; then what streams
/// other publishers have are closed. Whoever has not taken the rest in time loses its connection, whatever the application's
/// handlers do meanwhile.
/// </remarks>
internal sealed class OpenStreams
{
    /// <summary>How long clients have to take what is queued for them, and then to take its end: the whole is to be over within a second.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long the ordinary requests of a client that was cut off can still take, where they share a connection: far below
    /// a host's timeout, which waits for that connection.
    /// </summary>
    private static readonly TimeSpan GraceForOthers = TimeSpan.FromSeconds(5);

    /// <summary>
    /// One for each application, by what it alone has: a stream of a publisher that was not registered is to end too.
    /// </summary>
    private static readonly ConditionalWeakTable<IHostApplicationLifetime, OpenStreams> All = new();

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    /// <summary>Guarded by <see cref="_gate"/>.</summary>
    private readonly HashSet<OpenStream> _open = [];

    /// <summary>What drains the application's publishers. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<Action> _drains = [];

    /// <summary>Guarded by <see cref="_gate"/>, and never unset.</summary>
    private bool _isStopping;

    private OpenStreams(IServiceProvider services)
    {
        _time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        Logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("ServerSentEvents");
    }

    internal ILogger Logger { get; }

    /// <summary>Those of the application whose services these are; null where nothing tells when it stops.</summary>
    internal static OpenStreams? Of(IServiceProvider? services)
    {
        if (services?.GetService<IHostApplicationLifetime>() is not { } lifetime)
            return null;
        return All.TryGetValue(lifetime, out var streams) ? streams : AddTo(lifetime, services);
    }

    /// <summary>A publisher that is drained when the application stops.</summary>
    internal void DrainAtStop(Action drain)
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                _drains.Add(drain);
                return;
            }
        }

        Try(drain);
    }

    internal void Add(OpenStream stream)
    {
        lock (_gate)
        {
            _open.Add(stream);
            if (!_isStopping)
                return;
        }

        stream.LeaveWithin(Grace, GraceForOthers, _time, Logger);
        Try(stream.Close);
    }

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
            lifetime.ApplicationStopping.UnsafeRegister(static streams => ((OpenStreams)streams!).Stop(), streams);
        return streams;
    }

    private void Stop()
    {
        Action[] drains;
        OpenStream[] open;
        lock (_gate)
        {
            _isStopping = true;
            drains = [.. _drains];
            open = [.. _open];
        }

        if (open.Length > 0)
            Log.Stopping(Logger, open.Length);
        // The time runs from here on: a handler of Unsubscribed may take its own.
        foreach (var stream in open)
            stream.LeaveWithin(Grace, GraceForOthers, _time, Logger);
        foreach (var drain in drains)
            Try(drain);
        foreach (var stream in open)
            Try(stream.Close);
    }

    /// <summary>One that throws keeps none of the others from its end.</summary>
    private void Try(Action end)
    {
        try
        {
            end();
        }
        catch (Exception exception)
        {
            Log.EndFailed(Logger, exception);
        }
    }
}
