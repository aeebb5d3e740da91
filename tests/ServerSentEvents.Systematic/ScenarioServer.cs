using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Coyote.Specifications;
using ServerSentEvents.Systematic.Exploration;

namespace ServerSentEvents.Systematic;

/// <summary>
/// An HTTP client that answers with event streams of a scenario. A response has all events after the last event id of its request.
/// Coyote controls its waits.
/// </summary>
internal sealed class ScenarioServer : HttpClient
{
    /// <summary>The largest number of bytes of one read: all of an event but its blank line.</summary>
    private const int MaxRead = 14;

    /// <summary>The lock of everything below.</summary>
    private readonly object _gate = new();

    private readonly List<ServerStream> _streams = [];
    private int _events;

    /// <summary>Completes when an event was published, or a stream has ended.</summary>
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The number of responses that were received and not disposed.</summary>
    internal int OpenStreams
    {
        get
        {
            lock (_gate)
                return _streams.Count;
        }
    }

    public override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var lastEventId = request.Headers.TryGetValues("Last-Event-ID", out var values) ? values.Single() : "0";
        var stream = new ServerStream(this, int.Parse(lastEventId, CultureInfo.InvariantCulture));
        var response = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        cancellationToken.UnsafeRegister(_ => response.TrySetCanceled(cancellationToken), null);
        ThreadPool.UnsafeQueueUserWorkItem(_ => Answer(stream, response), state: null);
        return response.Task;
    }

    /// <summary>Publishes the next event. Its data and its id are its number.</summary>
    internal void Publish() => Change(() => _events++);

    /// <summary>Ends all open streams in order.</summary>
    internal void EndStreams() => Change(() => _streams.ForEach(stream => stream.IsEnded = true));

    private void Answer(ServerStream stream, TaskCompletionSource<HttpResponseMessage> response)
    {
        lock (_gate)
        {
            var message = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) };
            message.Content.Headers.ContentType = new("text/event-stream");
            if (response.TrySetResult(message))
                _streams.Add(stream);
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>The body of one response.</summary>
    private sealed class ServerStream(ScenarioServer server, int lastEvent) : Stream
    {
        /// <summary>The bytes of the next event that were not read yet. Used by the one reader.</summary>
        private ReadOnlyMemory<byte> _rest;

        private int _lastEvent = lastEvent;
        private bool _isDisposed;

        /// <summary>True if the server has ended the stream. Guarded by the server's lock.</summary>
        internal bool IsEnded { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                Task changed;
                lock (server._gate)
                {
                    Specification.Assert(!_isDisposed, "The client reads from a response that it has disposed.");
                    cancellationToken.ThrowIfCancellationRequested();
                    if (TryRead(buffer.Span, out var count) || IsEnded)
                        return count;
                    changed = server._changed.Task;
                }

                await ScheduledCalls.WaitAsync(changed, cancellationToken);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            lock (server._gate)
            {
                _isDisposed = true;
                server._streams.Remove(this);
            }

            base.Dispose(disposing);
        }

        /// <summary>Reads what is there. The end of the stream cuts the event that is being read.</summary>
        private bool TryRead(Span<byte> buffer, out int count)
        {
            count = 0;
            if (IsEnded)
                return false;
            if (_rest.IsEmpty && _lastEvent < server._events)
            {
                var number = Wire.Data(++_lastEvent);
                _rest = Encoding.UTF8.GetBytes($"id: {number}\n{Wire.Events(number)}");
            }

            count = Math.Min(_rest.Length, Math.Min(buffer.Length, MaxRead));
            _rest.Span[..count].CopyTo(buffer);
            _rest = _rest[count..];
            return count > 0;
        }
    }
}
