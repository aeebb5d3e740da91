using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that the context of a caller (its tenant, user or activity) does not flow into code that runs for another subscriber.
/// </summary>
public sealed class ExecutionContextTests
{
    private static readonly AsyncLocal<string?> Tenant = new();

    private readonly Publisher<string> _publisher = new();
    private readonly ConcurrentQueue<string?> _seen = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publish_CallerHasAContext_WritersOfSubscribersDoNotSeeIt(bool isPersonalized)
    {
        var writer = new SeeingWriter(_seen);
        var copy = _publisher.Subscribe(properties: "ann").CopyToAsync(writer);

        for (var i = 0; i < 20; i++)
        {
            var flushed = writer.NextFlush();
            AsTenant("other", () => _ = isPersonalized ? _publisher.Publish(name => name) : _publisher.Publish("x"));
            await flushed.WaitAsync(Limits.Patience);
        }

        AsTenant("other", _publisher.Close);
        await copy.WaitAsync(Limits.Patience);
        _seen.Should().HaveCountGreaterThanOrEqualTo(40);
        _seen.Should().OnlyContain(tenant => tenant == null);
    }

    [Fact]
    public async Task Unsubscribed_ReaderHasLeft_DoesNotSeeTheContextOfThePublishingCaller()
    {
        _publisher.Unsubscribed += (_, _) => _seen.Enqueue(Tenant.Value);
        for (var i = 0; i < 20; i++)
        {
            var (copy, reader) = await CopyAsync(CancellationToken.None);
            await reader.CompleteAsync();

            AsTenant("other", () => _publisher.Publish("x"));

            await copy.WaitAsync(Limits.Patience);
        }

        _seen.Should().Equal(new string?[20]);
    }

    [Fact]
    public async Task Unsubscribed_CopyIsCanceled_DoesNotSeeTheContextOfTheCancelingCaller()
    {
        _publisher.Unsubscribed += (_, _) => _seen.Enqueue(Tenant.Value);
        for (var i = 0; i < 20; i++)
        {
            using var cancellation = new CancellationTokenSource();
            var (copy, _) = await CopyAsync(cancellation.Token);

            AsTenant("other", cancellation.Cancel);

            await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        }

        _seen.Should().Equal(new string?[20]);
    }

    [Fact]
    public async Task Publish_FunctionForALateSubscriber_SeesTheContextOfThePublishingCaller()
    {
        _publisher.Subscribe(properties: "first");
        var read = new ReadText();
        var copy = Task.CompletedTask;

        AsTenant("own", () => _publisher.Publish(name =>
        {
            _seen.Enqueue(Tenant.Value);
            if (name != "first")
                return name;
            OwnThread.Run(() => AsTenant(
                "late", () => copy = _publisher.Subscribe(properties: "late").CopyToAsync(new TextStream(read))));
            OwnThread.Run(() => AsTenant("other", () => _publisher.Publish("before")));
            read.WaitForAsync("data: before\n").WaitForEnd();
            return name;
        }));

        await read.WaitForAsync("data: late\n");
        _seen.Should().Equal("own", "own");
        _publisher.Close();
        await copy.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Publish_WaitingReaders_KeepTheirOwnContext()
    {
        var read = new ReadText();
        var reading = Task.CompletedTask;
        AsTenant("reader", () => reading = ReadAsync(_publisher.Subscribe(), read));

        AsTenant("other", () => _publisher.Publish("x"));

        await read.WaitForAsync("data: x\n");
        _publisher.Close();
        await reading.WaitAsync(Limits.Patience);
        _seen.Should().Equal("reader", "reader");
    }

    /// <summary>Runs code with a context. The context does not outlive the call.</summary>
    private static void AsTenant(string tenant, Action action)
    {
        var context = ExecutionContext.Capture()!;
        ExecutionContext.Run(context, _ =>
        {
            Tenant.Value = tenant;
            action();
        }, state: null);
    }

    /// <summary>Starts a copy, and waits until it has copied an event and is idle.</summary>
    private async Task<(Task Copy, PipeReader Reader)> CopyAsync(CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var copy = _publisher.Subscribe(initialData: ["start"]).CopyToAsync(pipe.Writer, cancellationToken);
        var read = await pipe.Reader.ReadAsync(CancellationToken.None).AsTask().WaitAsync(Limits.Patience, CancellationToken.None);
        pipe.Reader.AdvanceTo(read.Buffer.End);
        return (copy, pipe.Reader);
    }

    private async Task ReadAsync(Subscription<string> subscription, ReadText read)
    {
        await foreach (var text in subscription)
        {
            _seen.Enqueue(Tenant.Value);
            read.Add(text);
        }

        _seen.Enqueue(Tenant.Value);
    }

    /// <summary>A pipe writer that notes the context of each call.</summary>
    private sealed class SeeingWriter(ConcurrentQueue<string?> seen) : NullPipeWriter
    {
        private readonly byte[] _memory = new byte[4096];
        private TaskCompletionSource _flushed = new();

        public Task NextFlush() => (_flushed = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            seen.Enqueue(Tenant.Value);
            return _memory;
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            seen.Enqueue(Tenant.Value);
            _flushed.TrySetResult();
            return default;
        }
    }
}
