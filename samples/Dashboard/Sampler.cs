namespace Dashboard;

/// <summary>Measures this process, time after time.</summary>
internal sealed class Sampler(SampleStream samples, LibraryMeter meter, Settings settings, TimeProvider time) : BackgroundService
{
    /// <summary>Runs before the server listens, so that nobody comes who does not find what was kept.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        samples.Load();
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        samples.Save();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.Interval, time);
        var last = ReadTotals();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = ReadTotals();
            var seconds = time.GetElapsedTime(last.Timestamp, now.Timestamp).TotalSeconds;
            samples.Add(new Sample(
                time.GetUtcNow().ToUnixTimeMilliseconds(),
                Math.Round(100 * (now.Cpu - last.Cpu).TotalSeconds / seconds, 1),
                Environment.WorkingSet,
                GC.GetTotalMemory(forceFullCollection: false),
                meter.Subscribers,
                Math.Round((now.Delivered - last.Delivered) / seconds, 1)));
            last = now;
        }
    }

    /// <summary>What only grows; the difference between two readings is what was used in between.</summary>
    private (long Timestamp, TimeSpan Cpu, long Delivered) ReadTotals() =>
        (time.GetTimestamp(), Environment.CpuUsage.TotalTime, meter.Delivered);
}
