using System.Diagnostics.Metrics;
using ServerSentEvents;

namespace Dashboard;

/// <summary>Measures this process at each interval.</summary>
internal sealed class Sampler : BackgroundService
{
    private readonly Publisher _publisher;
    private readonly SampleStream _samples;
    private readonly Settings _settings;
    private readonly TimeProvider _time;
    private readonly MeterListener _meter = new();

    /// <summary>The number of delivered events, from the metrics of the library.</summary>
    private long _delivered;

    public Sampler(Publisher publisher, SampleStream samples, Settings settings, TimeProvider time)
    {
        (_publisher, _samples, _settings, _time) = (publisher, samples, settings, time);
        _meter.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "server_sent_events.events.delivered")
                listener.EnableMeasurementEvents(instrument);
        };
        _meter.SetMeasurementEventCallback<long>((_, value, _, _) => _delivered = value);
        _meter.Start();
    }

    /// <summary>Loads the samples before the server listens.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _samples.Load();
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        _samples.Save();
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_settings.Interval, _time);
        var last = ReadTotals();
        while (!stoppingToken.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            var now = ReadTotals();
            var seconds = _time.GetElapsedTime(last.Timestamp, now.Timestamp).TotalSeconds;
            _samples.Add(new Sample(
                _time.GetUtcNow().ToUnixTimeMilliseconds(),
                Math.Round(100 * (now.Cpu - last.Cpu).TotalSeconds / seconds, 1),
                Environment.WorkingSet,
                GC.GetTotalMemory(forceFullCollection: false),
                _publisher.GetAllSubscribers().Count,
                Math.Round((now.Delivered - last.Delivered) / seconds, 1)));
            last = now;
        }
    }

    private (long Timestamp, TimeSpan Cpu, long Delivered) ReadTotals()
    {
        _meter.RecordObservableInstruments();
        return (_time.GetTimestamp(), Environment.CpuUsage.TotalTime, _delivered);
    }
}
