using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>Tests copying to a pipe or a stream: flushes, slow clients, and failures.</summary>
public sealed class CopyTests
{
    private readonly Publisher _publisher = new();

    [Fact]
    public async Task CopyToAsync_ManyQueuedEvents_FlushesOnce()
    {
        var subscription = _publisher.Subscribe();
        for (var i = 0; i < 100; i++)
            _publisher.Publish($"{i}");
        _publisher.Close();
        var stream = new RecordingStream();

        await subscription.CopyToAsync(stream).WaitAsync(Limits.Patience);

        stream.Flushes.Should().Be(1);
        stream.Length.Should().Be(Enumerable.Range(0, 100).Sum(i => $"data: {i}\n\n".Length));
    }

    [Fact]
    public async Task CopyToAsync_LargeQueue_FlushesInParts()
    {
        var subscription = _publisher.Subscribe();
        for (var i = 0; i < 40; i++)
            _publisher.Publish(new string('x', 10_000));
        _publisher.Close();
        var stream = new RecordingStream();

        await subscription.CopyToAsync(stream).WaitAsync(Limits.Patience);

        stream.Flushes.Should().Be(7, "each flush takes 64 KB");
        stream.Length.Should().Be(40 * 10_008);
    }

    [Fact]
    public async Task CopyToAsync_OneOfSeveralChannelsLeft_CopiesEventsOfTheOthers()
    {
        var subscription = _publisher.Subscribe(["a", "b", "c"]);
        var pipe = new Pipe();
        var copying = subscription.CopyToAsync(pipe.Writer);
        _publisher.Unsubscribe("a");

        foreach (var channel in (string[])["b", "c"])
        {
            _publisher.Publish(channel, channel);
            var read = await pipe.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);
            Encoding.UTF8.GetString(read.Buffer.ToArray()).Should().Be($"data: {channel}\n\n");
            pipe.Reader.AdvanceTo(read.Buffer.End);
        }

        _publisher.Close();
        await copying.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task CopyToAsync_EndedSubscription_DoesNotAffectOthers()
    {
        var ended = _publisher.Subscribe();
        var other = _publisher.Subscribe();
        ended.Close(); // Now "other" has the place of "ended" in the channel.

        await ended.CopyToAsync(new MemoryStream()).WaitAsync(Limits.Patience);

        _publisher.Publish("x").Should().Be(1);
        other.QueuedEvents.Should().Be(1);
    }

    [Fact]
    public async Task CopyToAsync_PipeReaderCompletes_EndsTheSubscription()
    {
        var pipe = new Pipe();
        var subscription = _publisher.Subscribe();
        var copy = subscription.CopyToAsync(pipe.Writer);
        await pipe.Reader.CompleteAsync();

        _publisher.Publish("x");

        await copy.WaitAsync(Limits.Patience);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task CopyToAsync_WriterThrows_EndsOnlyItsSubscription()
    {
        var failing = _publisher.Subscribe();
        var failed = failing.CopyToAsync(new FailingStream(at: 0));
        var other = new RecordingStream();
        var copied = _publisher.Subscribe().CopyToAsync(other);

        _publisher.Publish("x");

        await failed.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<IOException>();
        failing.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        _publisher.GetSubscribers().Should().ContainSingle();
        _publisher.Close();
        await copied.WaitAsync(Limits.Patience);
        other.Length.Should().Be("data: x\n\n".Length);
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("dispose")]
    public async Task CopyToAsync_CanceledOrDisposedDuringAFlush_EndsAtOnce(string way)
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe();
        var stuck = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var copy = subscription.CopyToAsync(stuck.Writer, cancellation.Token);
        _publisher.Publish("unread");
        // The event is written but not consumed, so the flush waits.
        await stuck.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);

        if (way == "cancel")
            await cancellation.CancelAsync();
        else
            subscription.Dispose();

        var ended = await Record.ExceptionAsync(() => copy.WaitAsync(Limits.Patience));
        (ended is OperationCanceledException).Should().Be(way == "cancel");
        (ended is TimeoutException).Should().BeFalse();
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task CopyToAsync_ManyStuckClients_DoNotAffectOthers()
    {
        const int clients = 1_000;
        const int events = 200;
        // The clock stands still, so that no stuck copy ends by the linger timeout.
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new FakeTimeProvider(), QueueCapacity = 2 * events });
        var stuck = Enumerable.Range(0, clients)
            .Select(_ => publisher.Subscribe(new SubscribeOptions<object?> { QueueCapacity = 10 })).ToList();
        var pipes = stuck.ConvertAll(_ => new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1)));
        using var cancellation = new CancellationTokenSource();
        var stuckCopies = stuck
            .Zip(pipes, (subscription, pipe) => subscription.CopyToAsync(pipe.Writer, cancellation.Token)).ToList();
        var streams = Enumerable.Range(0, clients).Select(_ => new RecordingStream()).ToList();
        var copies = streams.ConvertAll(stream => publisher.Subscribe().CopyToAsync(stream));

        for (var i = 0; i < events; i++)
            publisher.Publish("x");
        stuck.Should().OnlyContain(subscription => subscription.QueuedEvents <= 10);
        publisher.Close();

        await Task.WhenAll(copies).WaitAsync(Limits.Patience);
        streams.Should().OnlyContain(stream => stream.Length == events * "data: x\n\n".Length);
        stuck.Should().OnlyContain(subscription => subscription.EndReason == SubscriptionEndReason.Overflowed);
        await cancellation.CancelAsync();
        foreach (var copy in stuckCopies)
            await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task CopyToAsync_DisposedDuringAStreamWrite_EndsWithoutWritingAgain()
    {
        var subscription = _publisher.Subscribe(initialData: ["hello"]);
        var stream = new StuckStream(after: 8);
        var copy = subscription.CopyToAsync(stream);
        await stream.Stuck.WaitAsync(Limits.Patience);

        subscription.Dispose();

        await copy.WaitAsync(Limits.Patience);
        Encoding.UTF8.GetString(stream.ToArray()).Should().Be("data: he");
    }

    [Fact]
    public async Task CopyToAsync_CanceledAndAHandlerThrows_ThrowsItsException()
    {
        using var publisher = new Publisher();
        using var cancellation = new CancellationTokenSource();
        var copying = Task.CompletedTask;
        publisher.Unsubscribed += (_, _) =>
        {
            // The copy ends at the same time. Wait, so that it could complete before the handler throws.
            SpinWait.SpinUntil(() => copying.IsCompleted, TimeSpan.FromMilliseconds(200));
            throw new InvalidOperationException("The handler fails.");
        };
        copying = publisher.Subscribe().CopyToAsync(new NullPipeWriter(), cancellation.Token);

        // Use a new thread, so that the thread pool has one for the copy.
        await OwnThread.RunAsync(cancellation.Cancel);

        await copying.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<AggregateException>();
    }

    [Fact]
    public async Task CopyToAsync_CanceledDuringAFlushThatContinuesInline_EndsAsCanceled()
    {
        for (var i = 0; i < 100; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var pipe = new Pipe(new PipeOptions(
                pauseWriterThreshold: 1,
                resumeWriterThreshold: 1,
                writerScheduler: PipeScheduler.Inline,
                useSynchronizationContext: false));
            var subscription = _publisher.Subscribe(initialData: ["x"]);
            var copy = subscription.CopyToAsync(pipe.Writer, cancellation.Token);
            await pipe.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);

            await cancellation.CancelAsync();

            await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
            subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
        }
    }

    [Fact]
    public async Task CopyToAsync_CanceledAfterItsLastCheckOfTheToken_EndsAsCanceled()
    {
        using var cancellation = new CancellationTokenSource();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var subscription = _publisher.Subscribe(initialData: ["x"]);
        var copy = subscription.CopyToAsync(pipe.Writer, cancellation.Token);
        await pipe.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);

        // No public member can stop a copy between its last check and its end. The publisher's lock can.
        OwnThread.Run(() =>
        {
            using var gate = HeldGate.Of(_publisher);
            var before = Monitor.LockContentionCount;
            pipe.Reader.Complete();
            // A wait of another test can end this loop too early. The result is then the same.
            SpinWait.SpinUntil(() => Monitor.LockContentionCount > before, Limits.Patience).Should().BeTrue();
            copy.IsCompleted.Should().BeFalse("it waits for the lock to end its subscription");

            cancellation.Cancel();
            // The copy has unregistered from the token. This is what a callback that was already running does next.
            Private.Call(subscription, "CancelCopy");
        });

        await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CopyToAsync_WriterAlwaysThrows_EndsTheSubscription(bool cancel)
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe(initialData: ["x"]);
        var writer = new ThrowingWriter();
        var copy = subscription.CopyToAsync(writer, cancellation.Token);
        await writer.Flushing.WaitAsync(Limits.Patience);

        if (cancel)
            await cancellation.CancelAsync();
        writer.Fail();

        await copy.Invoking(it => it.WaitAsync(Limits.Patience))
            .Should().ThrowAsync<Exception>().Where(exception => !(exception is TimeoutException));
        _publisher.GetSubscribers().Should().BeEmpty();
        writer.CancelsWithoutFlush.Should().Be(0);
    }

    [Fact]
    public async Task CopyToAsync_WriterAndAHandlerThrow_ThrowsBothExceptions()
    {
        using var publisher = new Publisher();
        publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("The handler fails.");
        var writer = new ThrowingWriter();
        var copy = publisher.Subscribe(initialData: ["x"]).CopyToAsync(writer);
        await writer.Flushing.WaitAsync(Limits.Patience);

        writer.Fail();

        var thrown = await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<AggregateException>();
        thrown.Which.InnerExceptions.Select(inner => inner.GetType())
            .Should().BeEquivalentTo([typeof(InvalidOperationException), typeof(IOException)]);
    }

    /// <summary>A pipe writer that throws from CancelPendingFlush, and from a flush.</summary>
    private sealed class ThrowingWriter : NullPipeWriter
    {
        private readonly TaskCompletionSource _flushing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<FlushResult> _flushed = new();

        public Task Flushing => _flushing.Task;

        public int CancelsWithoutFlush { get; private set; }

        public void Fail() => _flushed.SetException(new IOException());

        public override void CancelPendingFlush()
        {
            if (_flushed.Task.IsCompleted)
                CancelsWithoutFlush++;
            throw new NotSupportedException();
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _flushing.TrySetResult();
            return new(_flushed.Task);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => new byte[Math.Max(sizeHint, 256)];

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }

    /// <summary>A stream that accepts a number of bytes, and then waits until it is canceled.</summary>
    private sealed class StuckStream(int after) : MemoryStream
    {
        private readonly TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Stuck => _stuck.Task;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span[..Math.Min(after, buffer.Length)]);
            var canceled = new TaskCompletionSource();
            await using var registration = cancellationToken.Register(() => canceled.TrySetCanceled(cancellationToken));
            _stuck.TrySetResult();
            await canceled.Task;
        }
    }

    private sealed class RecordingStream : MemoryStream
    {
        public int Flushes { get; private set; }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flushes++;
            return Task.CompletedTask;
        }
    }
}
