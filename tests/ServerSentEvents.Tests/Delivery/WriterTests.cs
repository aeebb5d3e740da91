using System.Buffers;
using System.IO.Pipelines;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests copies to writers whose flushes are canceled by other code, and what the caller's writer looks like afterwards.
/// </summary>
public sealed class WriterTests
{
    private readonly Publisher _publisher = new();

    [Fact]
    public async Task CopyToAsync_EveryFlushIsCanceledByOtherCode_FailsAfterABoundedNumber()
    {
        var writer = new CancelingWriter(cancellations: int.MaxValue);
        var subscription = _publisher.Subscribe();
        var copy = subscription.CopyToAsync(writer);

        _publisher.Publish("x");

        await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<IOException>();
        writer.Flushes.Should().BeInRange(2, 100);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task CopyToAsync_SomeFlushesAreCanceledByOtherCode_GoesOn()
    {
        var writer = new CancelingWriter(cancellations: 3);
        var copy = _publisher.Subscribe(initialData: ["1"]).CopyToAsync(writer);
        _publisher.Publish("2");
        _publisher.Close();

        await copy.WaitAsync(Limits.Patience);

        writer.Flushed.Should().Be("data: 1\n\ndata: 2\n\n".Length);
    }

    [Fact]
    public async Task CopyToAsync_LastFlushIsCanceledByOtherCode_FlushesAgain()
    {
        var subscription = _publisher.Subscribe();
        _publisher.Publish("x");
        _publisher.Publish("y");
        _publisher.Close();
        var writer = new CancelingWriter(cancellations: 1);

        await subscription.CopyToAsync(writer).WaitAsync(Limits.Patience);

        writer.Flushed.Should().Be("data: x\n\ndata: y\n\n".Length);
        writer.Flushes.Should().Be(2);
    }

    [Fact]
    public async Task Close_FlushIsPendingAndThenCanceledByOtherCode_FlushesAgain()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var copy = _publisher.Subscribe().CopyToAsync(pipe.Writer);
        _publisher.Publish("x");
        var read = await pipe.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);
        _publisher.Close();

        pipe.Writer.CancelPendingFlush();
        pipe.Reader.AdvanceTo(read.Buffer.End);

        await copy.WaitAsync(Limits.Patience);
        read.Buffer.Length.Should().Be("data: x\n\n".Length);
    }

    [Fact]
    public async Task Dispose_FlushCompletesAtTheSameTime_CallersNextFlushIsNotCanceled()
    {
        for (var i = 0; i < 2_000; i++)
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
            var subscription = _publisher.Subscribe(initialData: ["x"]);
            var copy = subscription.CopyToAsync(pipe.Writer);
            var read = await pipe.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);
            var disposing = Task.Run(subscription.Dispose);
            pipe.Reader.AdvanceTo(read.Buffer.End);
            await disposing.WaitAsync(Limits.Patience);
            await copy.WaitAsync(Limits.Patience);

            pipe.Writer.Write("y"u8);
            var flush = pipe.Writer.FlushAsync();
            pipe.Reader.TryRead(out read).Should().BeTrue();
            pipe.Reader.AdvanceTo(read.Buffer.End);
            (await flush.AsTask().WaitAsync(Limits.Patience)).IsCanceled.Should().BeFalse();
        }
    }

    [Theory]
    [InlineData(nameof(IDisposable.Dispose))]
    [InlineData(nameof(CancellationTokenSource.Cancel))]
    public async Task CopyToAsync_EndedDuringAFlush_NeverCallsCancelPendingFlush(string way)
    {
        using var cancellation = new CancellationTokenSource();
        var writer = new CancelingWriter(cancellations: 0) { IsPending = true };
        var subscription = _publisher.Subscribe(initialData: ["x"]);
        var copy = subscription.CopyToAsync(writer, cancellation.Token);
        await writer.Flushing.WaitAsync(Limits.Patience);

        if (way == nameof(IDisposable.Dispose))
            subscription.Dispose();
        else
            await cancellation.CancelAsync();

        var failure = await Record.ExceptionAsync(() => copy.WaitAsync(Limits.Patience));
        (failure is TimeoutException).Should().BeFalse();
        writer.CancelPendingFlushCalls.Should().Be(0, "a call that comes late cancels the caller's next flush");
    }

    /// <summary>A pipe writer whose first flushes end as canceled without flushing anything.</summary>
    private sealed class CancelingWriter(int cancellations) : NullPipeWriter
    {
        private readonly byte[] _memory = new byte[4096];
        private readonly TaskCompletionSource _flushing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _advanced;

        /// <summary>A flush waits until its token is canceled.</summary>
        public bool IsPending { get; init; }

        public Task Flushing => _flushing.Task;

        public int Flushes { get; private set; }

        public int Flushed { get; private set; }

        public int CancelPendingFlushCalls { get; private set; }

        public override void Advance(int bytes) => _advanced += bytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory;

        public override Span<byte> GetSpan(int sizeHint = 0) => _memory;

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _flushing.TrySetResult();
            if (IsPending)
            {
                var canceled = new TaskCompletionSource();
                await using var registration = cancellationToken.Register(() => canceled.TrySetCanceled(cancellationToken));
                await canceled.Task;
            }

            Flushes++;
            if (Flushes <= cancellations)
                return new FlushResult(isCanceled: true, isCompleted: false);
            Flushed += _advanced;
            _advanced = 0;
            return default;
        }

        public override void CancelPendingFlush() => CancelPendingFlushCalls++;
    }
}
