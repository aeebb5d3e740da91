using Microsoft.Extensions.Logging;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>A log that fails when it is told to.</summary>
internal sealed class ThrowingLog : ILoggerFactory, ILogger
{
    private int _thrown;

    internal bool Throws { get; set; }

    /// <summary>Already when it is asked whether it wants to know.</summary>
    internal bool ThrowsEarly { get; set; }

    internal int Thrown => _thrown;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!Throws)
            return;
        Interlocked.Increment(ref _thrown);
        throw new InvalidOperationException("The disk is full.");
    }

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel)
    {
        if (!ThrowsEarly)
            return true;
        Interlocked.Increment(ref _thrown);
        throw new InvalidOperationException("The disk is full.");
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
