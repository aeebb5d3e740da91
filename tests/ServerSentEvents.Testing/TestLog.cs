using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Testing;

/// <summary>Keeps what was logged, from the lowest level on.</summary>
public sealed class TestLog : ILoggerFactory
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();

    /// <summary>Called for each line, on the thread that logs it.</summary>
    public Action<string>? Logged { get; set; }

    public IReadOnlyCollection<LogEntry> Entries => _entries;

    /// <summary>All lines, with their exceptions.</summary>
    public IEnumerable<string> Lines => _entries.Select(TextOf);

    /// <summary>The warnings and errors, with their exceptions.</summary>
    public IEnumerable<string> Warnings => _entries.Where(entry => entry.Level >= LogLevel.Warning).Select(TextOf);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private static string TextOf(LogEntry entry) => $"{entry.Message} {entry.Exception}";

    private sealed class Logger(TestLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var entry = new LogEntry(category, logLevel, eventId.Id, formatter(state, exception), exception);
            log._entries.Enqueue(entry);
            log.Logged?.Invoke(TextOf(entry));
        }
    }
}
