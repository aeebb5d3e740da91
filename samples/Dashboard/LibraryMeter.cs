using System.Diagnostics.Metrics;

namespace Dashboard;

/// <summary>Listens to what the library tells of itself, as any collector of metrics does.</summary>
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
            // A counter tells how much has been added, and an observed one how much it is.
            if (instrument.Name == "server_sent_events.events.delivered")
                Interlocked.Add(ref _delivered, value);
            else if (instrument.Name == "server_sent_events.subscribers")
                Interlocked.Exchange(ref _subscribers, value);
        });
        _listener.Start();
    }

    /// <summary>Events that have been delivered to clients, since this began to listen.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Streams that are open now.</summary>
    public long Subscribers
    {
        get
        {
            _listener.RecordObservableInstruments();
            return Interlocked.Read(ref _subscribers);
        }
    }

    public void Dispose() => _listener.Dispose();
}
