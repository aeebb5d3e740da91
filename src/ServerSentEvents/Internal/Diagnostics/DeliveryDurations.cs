using System.Diagnostics.Metrics;
using System.Threading.Channels;

namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>
/// The times between the publish and the delivery of events, recorded while a listener is interested in them.
/// </summary>
/// <remarks>
/// <para>Listeners are application code, and run inside <see cref="Histogram{T}.Record(T)"/>. A worker that copies serves other
/// subscribers, so it only adds to a bounded buffer. One work item at a time empties the buffer. While a listener blocks, the
/// buffer fills up, and later measurements are dropped.</para>
/// <para>Both times come from the system's clock. The publisher's clock is application code, and a worker that copies must not
/// run it. The publish has to use the same clock: the times of two clocks cannot be compared.</para>
/// </remarks>
internal sealed class DeliveryDurations(Histogram<double> histogram)
#if NET
    : IThreadPoolWorkItem
#endif
{
    /// <summary>
    /// The number of measurements that can wait: enough for one event to some thousand subscribers, and 64 KB.
    /// </summary>
    private const int Capacity = 8_192;

    /// <summary>The largest number of measurements in a turn. Then the work item goes to the end of the pool's queue.</summary>
    private const int MeasurementsPerTurn = 1_024;

    private readonly Channel<double> _buffer = Channel.CreateBounded<double>(new BoundedChannelOptions(Capacity));

    /// <summary>1 while a work item is queued or runs. Changed by interlocked operations.</summary>
    private int _isRecording;

    /// <summary>Returns the time of a publish; 0 if no listener is interested.</summary>
    internal long Start() => histogram.Enabled ? TimeProvider.System.GetTimestamp() : 0;

    /// <summary>Measures a delivery. Never waits, and runs no code of the application.</summary>
    /// <param name="start">The result of <see cref="Start"/>, but not 0.</param>
    internal void Add(long start)
    {
        if (!histogram.Enabled || !_buffer.Writer.TryWrite(TimeProvider.System.GetElapsedTime(start).TotalSeconds))
            return;
        if (Interlocked.CompareExchange(ref _isRecording, 1, 0) == 0)
            Queue();
    }

    /// <summary>Records the measurements of one turn.</summary>
    public void Execute()
    {
        for (var i = 0; i < MeasurementsPerTurn; i++)
        {
            if (!_buffer.Reader.TryRead(out var seconds))
            {
                Interlocked.Exchange(ref _isRecording, 0);
                // A measurement may have come before the exchange, and then its thread has queued no work item.
                if (_buffer.Reader.Count == 0 || Interlocked.CompareExchange(ref _isRecording, 1, 0) != 0)
                    return;
                break;
            }

            Record(seconds);
        }

        Queue();
    }

    private void Record(double seconds)
    {
        try
        {
            histogram.Record(seconds);
        }
        catch (Exception)
        {
            // A listener threw. Its failure must neither stop the process nor end the measuring.
        }
    }

    private void Queue() =>
#if NET
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
#else
        ThreadPool.UnsafeQueueUserWorkItem(static durations => ((DeliveryDurations)durations!).Execute(), this);
#endif
}
