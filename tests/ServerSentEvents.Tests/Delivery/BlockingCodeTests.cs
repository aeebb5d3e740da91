using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that application code that blocks affects no other subscriber: handlers and writers. They block as many threads as
/// the copies of all publishers share, so no other test runs at the same time.
/// </summary>
[Collection(nameof(RunAlone))]
public sealed class BlockingCodeTests : IDisposable
{
    private readonly int _blocked = Math.Max(2, Environment.ProcessorCount);
    private readonly Publisher _publisher = new();
    private readonly Publisher _other = new();
    private readonly ManualResetEventSlim _release = new();

    public void Dispose()
    {
        _release.Set();
        _publisher.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task Unsubscribed_HandlersBlockForCopiesWhoseReadersHaveLeft_OtherCopiesGetTheirEvents()
    {
        var entered = new CountdownEvent(_blocked);
        var areOnThePool = new ConcurrentBag<bool>();
        _publisher.Unsubscribed += (_, arguments) =>
        {
            if (!arguments.Subscription.Channels.Contains("leaving"))
                return;
            areOnThePool.Add(Thread.CurrentThread.IsThreadPoolThread);
            entered.Signal();
            _release.Wait();
        };
        var copies = new List<Task>();
        for (var i = 0; i < _blocked; i++)
        {
            var pipe = new Pipe();
            copies.Add(_publisher.Subscribe("leaving").CopyToAsync(pipe.Writer));
            await pipe.Reader.CompleteAsync();
        }

        var same = new ReadText();
        var sameCopy = _publisher.Subscribe("staying").CopyToAsync(new TextStream(same));
        var other = new ReadText();
        var otherCopy = _other.Subscribe().CopyToAsync(new TextStream(other));

        _publisher.Publish("x", "leaving");
        await OwnThread.RunAsync(() => entered.Wait(Limits.Patience).Should().BeTrue("each handler runs, on a thread of the pool"));
        _other.Publish("for another publisher");
        _publisher.Publish("for another channel", "staying");

        await other.WaitForAsync("data: for another publisher\n").WaitAsync(Limits.Patience);
        await same.WaitForAsync("data: for another channel\n").WaitAsync(Limits.Patience);
        copies.Should().OnlyContain(copy => !copy.IsCompleted, "a copy completes after its handlers");
        _release.Set();
        await Task.WhenAll(copies).WaitAsync(Limits.Patience);
        areOnThePool.Should().HaveCount(_blocked).And.OnlyContain(isOnThePool => isOnThePool);
        _other.Close();
        _publisher.Close();
        await Task.WhenAll(sameCopy, otherCopy).WaitAsync(Limits.Patience);
    }

    [Theory]
    [InlineData(nameof(PipeWriter.GetSpan))]
    [InlineData(nameof(PipeWriter.FlushAsync))]
    public async Task CopyToAsync_AsManyWritersBlockAsProcessors_OtherCopiesGetTheirEvents(string member)
    {
        var entered = new CountdownEvent(_blocked);
        var copies = Enumerable.Range(0, _blocked)
            .Select(_ => _publisher.Subscribe().CopyToAsync(new BlockingWriter(member, entered, _release))).ToList();
        var read = new ReadText();
        var copy = _other.Subscribe().CopyToAsync(new TextStream(read));

        _publisher.Publish("blocks");
        await OwnThread.RunAsync(() => entered.Wait(Limits.Patience).Should().BeTrue("each writer is called"));
        _other.Publish("1");
        await read.WaitForAsync("data: 1\n").WaitAsync(Limits.Patience);
        _other.Publish("2");
        await read.WaitForAsync("data: 2\n").WaitAsync(Limits.Patience);

        copies.Should().OnlyContain(blocked => !blocked.IsCompleted);
        _release.Set();
        _publisher.Close();
        _other.Close();
        await Task.WhenAll([.. copies, copy]).WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Disconnect_CancellationOfAWriterBlocks_OtherCopiesEnd()
    {
        var writer = new BlockingCancellationWriter(_release);
        var blocked = _publisher.Subscribe().CopyToAsync(writer);
        _publisher.Publish("x");
        await writer.Flushing.Task.WaitAsync(Limits.Patience);
        var copy = _publisher.Subscribe().CopyToAsync(new Pipe().Writer);

        await Task.Run(() => _publisher.Disconnect(_ => true)).WaitAsync(Limits.Patience);

        await copy.WaitAsync(Limits.Patience);
        blocked.IsCompleted.Should().BeFalse();
        _release.Set();
        await blocked.WaitAsync(Limits.Patience);
    }

    /// <summary>A pipe writer whose flush waits until it is canceled. The cancellation blocks until it is released.</summary>
    private sealed class BlockingCancellationWriter(ManualResetEventSlim release) : NullPipeWriter
    {
        private readonly byte[] _memory = new byte[4096];

        internal TaskCompletionSource Flushing { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory;

        public override Span<byte> GetSpan(int sizeHint = 0) => _memory;

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = cancellationToken.Register(() =>
            {
                release.Wait();
                canceled.SetResult();
            });
            Flushing.TrySetResult();
            await canceled.Task;
            return new FlushResult(isCanceled: true, isCompleted: false);
        }
    }

    /// <summary>A pipe writer of which one member blocks until it is released.</summary>
    private sealed class BlockingWriter(string member, CountdownEvent entered, ManualResetEventSlim release) : NullPipeWriter
    {
        private readonly byte[] _memory = new byte[4096];
        private bool _hasBlocked;

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            Block(nameof(GetSpan));
            return _memory;
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Block(nameof(FlushAsync));
            return default;
        }

        private void Block(string called)
        {
            if (called != member || _hasBlocked)
                return;
            _hasBlocked = true;
            entered.Signal();
            release.Wait();
        }
    }
}
