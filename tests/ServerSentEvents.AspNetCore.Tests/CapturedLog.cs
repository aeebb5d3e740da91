using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>The log of an application: the entries of this package from Debug on, and all others from Information on.</summary>
internal sealed class CapturedLog : ILoggerProvider
{
    internal const string OurCategory = "ServerSentEvents";

    /// <summary>The categories of the entries for every request, start and stop.</summary>
    private static readonly string[] Usual =
        ["Microsoft.Hosting.Lifetime", "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Routing.EndpointMiddleware"];

    /// <summary>Kestrel's warning that its timer is late, which a busy machine causes.</summary>
    private static readonly (string Category, int Id) SlowHeartbeat = ("Microsoft.AspNetCore.Server.Kestrel", 22);

    private readonly ConcurrentQueue<LogEntry> _entries = new();

    internal IEnumerable<LogEntry> Ours => _entries.Where(entry => entry.Category == OurCategory);

    /// <summary>Gets the entries above Debug, without those for every request, start and stop, or for a busy machine.</summary>
    internal IEnumerable<LogEntry> AboveDebug => _entries.Where(entry =>
        entry.Level > LogLevel.Debug && !(entry.Level == LogLevel.Information && Usual.Contains(entry.Category))
        && (entry.Category, entry.Id) != SlowHeartbeat);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    internal static bool IsCaptured(string? category, LogLevel level) =>
        level >= (category == OurCategory ? LogLevel.Debug : LogLevel.Information);

    private sealed class Logger(CapturedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => IsCaptured(category, logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log._entries.Enqueue(new LogEntry(category, logLevel, eventId.Id, formatter(state, exception), exception));
        }
    }
}
