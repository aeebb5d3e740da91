using System.Diagnostics.Metrics;

namespace Dashboard;

/// <summary>Collects the library's metrics, as any collector of metrics does.</summary>
internal sealed class LibraryMeter : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _delivered;
    private long _subscribers;

    public LibraryMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            // All instruments of the library are observable, so each value is a total.
            if (instrument.Name == "server_sent_events.events.delivered")
                Interlocked.Exchange(ref _delivered, value);
            else if (instrument.Name == "server_sent_events.subscribers")
                Interlocked.Exchange(ref _subscribers, value);
        });
        _listener.Start();
    }

    /// <summary>Gets the number of events that were delivered to clients since the process started.</summary>
    public long Delivered => Read(ref _delivered);

    /// <summary>Gets the number of open streams.</summary>
    public long Subscribers => Read(ref _subscribers);

    public void Dispose() => _listener.Dispose();

    private long Read(ref long value)
    {
        _listener.RecordObservableInstruments();
        return Interlocked.Read(ref value);
    }
}
