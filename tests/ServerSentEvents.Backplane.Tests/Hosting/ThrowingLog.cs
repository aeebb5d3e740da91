using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>A log that throws when a test wants it.</summary>
internal sealed class ThrowingLog : ILoggerFactory, ILogger
{
    private int _thrown;

    /// <summary>Makes <see cref="Log"/> throw.</summary>
    internal bool ThrowsInLog { get; set; }

    /// <summary>Makes <see cref="IsEnabled"/> throw.</summary>
    internal bool ThrowsInIsEnabled { get; set; }

    internal int Thrown => Volatile.Read(ref _thrown);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        ThrowIf(ThrowsInLog);

    public bool IsEnabled(LogLevel logLevel)
    {
        ThrowIf(ThrowsInIsEnabled);
        return true;
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private void ThrowIf(bool condition)
    {
        if (!condition)
            return;
        Interlocked.Increment(ref _thrown);
        throw new InvalidOperationException("The disk is full.");
    }
}
