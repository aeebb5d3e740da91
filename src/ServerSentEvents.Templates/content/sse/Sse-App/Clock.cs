using System.Text.Json;
using ServerSentEvents;

namespace Sse_App;

/// <summary>The data of one event.</summary>
public sealed record Tick(int Number, DateTimeOffset Time);

/// <summary>Publishes a <see cref="Tick"/> as JSON every second.</summary>
public sealed class Clock(IEventPublisher publisher, TimeProvider time, ILogger<Clock> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        for (var number = 1; await timer.WaitForNextTickAsync(stoppingToken); number++)
        {
            var tick = new Tick(number, time.GetUtcNow());
            try
            {
                await publisher.PublishJsonAsync(
                    tick, eventType: "tick", options: JsonSerializerOptions.Web, cancellationToken: stoppingToken);
            }
            catch (TimeoutException exception)
            {
                // Only a backplane throws this, when its broker is away. The next tick is another attempt.
                logger.LogWarning(exception, "Tick {Number} was not published.", number);
            }
        }
    }
}
