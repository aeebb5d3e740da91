using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests a log provider that throws. The framework's logger throws the exceptions of its providers.</summary>
public sealed class ThrowingLogTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Stop_LogThrows_StreamsEndAfterTheirQueuedEvents()
    {
        await using var app = await StartAsync(minimum: LogLevel.Information);
        using var client = await app.OpenAsync();
        app.Publisher.Publish("last");

        (await app.StopAndTimeAsync()).Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);

        (await client.RestAsync()).Should().Be("data: last\n\n");
    }

    [Fact]
    public async Task MaxStreamAge_LogThrows_StreamEndsAndTheTimerDoesNotThrow()
    {
        await using var app = await StartAsync(minimum: LogLevel.Error);
        app.Publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("The handler has failed.");
        using var client = await app.OpenAsync();
        var subscription = app.Publisher.GetSubscribers().Single();

        _time.Advance(TimeSpan.FromHours(1));

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        (await client.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task MaxStreamAge_DebugLogThrows_StreamEnds()
    {
        await using var app = await StartAsync(minimum: LogLevel.Debug, only: 10);
        using var client = await app.OpenAsync();

        _time.Advance(TimeSpan.FromHours(1));

        (await client.RestAsync()).Should().BeEmpty();
    }

    private Task<TestApplication> StartAsync(LogLevel minimum, int? only = null) => TestApplication.StartAsync(builder =>
    {
        builder.Services.AddSingleton<TimeProvider>(_time).AddServerSentEvents(options => options.HeartbeatInterval = null);
        builder.Services.Configure<EventStreamOptions>(options => options.MaxStreamAge = TimeSpan.FromHours(1));
        builder.Logging.AddProvider(new ThrowingLog(minimum, only));
    });

    private sealed class ThrowingLog(LogLevel minimum, int? only) : ILoggerProvider, ILogger
    {
        private bool _isOurs;

        public ILogger CreateLogger(string categoryName) => new ThrowingLog(minimum, only) { _isOurs = categoryName == CapturedLog.OurCategory };

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => _isOurs && logLevel >= minimum;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && (only is null || eventId.Id == only))
                throw new IOException("The disk of the log is full.");
        }
    }
}
