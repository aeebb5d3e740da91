using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>Reads a stream in memory, from any number of places.</summary>
internal sealed class InMemoryReader(InMemoryStream stream) : InMemoryConnection(stream), IStreamReader
{
    private readonly List<Reading> _readings = [];

    public Task<IAsyncDisposable> ReadAsync(StreamStart start, MessageSink sink, CancellationToken cancellationToken)
    {
        var reading = new Reading(this, Stream.Resolve(start), sink);
        lock (_readings)
            _readings.Add(reading);
        reading.Signal.Set();
        return Task.FromResult<IAsyncDisposable>(reading);
    }

    internal override void Wake()
    {
        lock (_readings)
            _readings.ForEach(reading => reading.Signal.Set());
    }

    public override async ValueTask DisposeAsync()
    {
        List<Reading> readings;
        lock (_readings)
            readings = [.. _readings];
        foreach (var reading in readings)
            await reading.DisposeAsync();
        await base.DisposeAsync();
    }

    private sealed class Reading : IAsyncDisposable
    {
        private readonly InMemoryReader _reader;
        private readonly MessageSink _sink;
        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _running;
        private long _next;

        internal Reading(InMemoryReader reader, long next, MessageSink sink)
        {
            (_reader, _next, _sink) = (reader, next, sink);
            _running = Task.Run(RunAsync);
        }

        internal Signal Signal { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _running;
        }

        private async Task RunAsync()
        {
            try
            {
                while (true)
                {
                    while (!_stopping.IsCancellationRequested && !_reader.Lost.IsCompleted
                        && _reader.Stream.TryRead(_next) is var (offset, body))
                    {
                        _sink(offset, body);
                        _next = offset + 1;
                    }

                    await Signal.WaitAsync(_stopping.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // Disposed of.
            }
            catch (Exception exception)
            {
                _reader.Lose(exception);
            }
        }
    }
}
