using System.Diagnostics;
using System.Text;

namespace ServerSentEvents.Backplane.Contract;

/// <summary>Tests the promises of <see cref="IStreamTransport"/>, over any broker.</summary>
public abstract class TransportContract
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    protected abstract ITestBroker Broker { get; }

    [SkippableFact]
    public async Task SendAsync_Messages_AreConfirmedAndReadInOrder()
    {
        var transport = Broker.Open(_stream);
        var confirmations = new Confirmations();
        await using var writer = await OpenWriterAsync(transport, confirmations);
        for (var number = 0; number < 50; number++)
            await writer.SendAsync(Bytes($"{number}"), default);
        await confirmations.UntilAsync(50);

        await using var reader = await OpenReaderAsync(transport);
        var read = await ReadAsync(reader, default, 50);

        read.Select(message => message.Text).Should().Equal(TestNode.Numbered("", 50));
        read.Select(message => message.Offset).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        read[0].Order.Should().Be(MessageOrder.First);
        read.Skip(1).Should().OnlyContain(message => message.Order == MessageOrder.Next);
    }

    [SkippableFact]
    public async Task AppendAsync_EmptyStream_ReturnsTheOffsetOfTheMessage()
    {
        var transport = Broker.Open(_stream);
        await using var reader = await OpenReaderAsync(transport);

        var offset = await reader.AppendAsync(Bytes("marker"), default).WithinPatience();

        (await ReadAsync(reader, default, 1)).Should().ContainSingle().Which.Should().Be((offset, MessageOrder.First, "marker"));
    }

    [SkippableFact]
    public async Task AppendAsync_MessagesBefore_HasTheHighestOffset()
    {
        var transport = Broker.Open(_stream);
        await SendAsync(transport, "a", "b", "c");
        await using var reader = await OpenReaderAsync(transport);

        var offset = await reader.AppendAsync(Bytes("marker"), default).WithinPatience();

        var read = await ReadAsync(reader, default, 4);
        read.Select(message => message.Text).Should().Equal("a", "b", "c", "marker");
        read[3].Offset.Should().Be(offset);
    }

    [SkippableFact]
    public async Task ReadAsync_FromAnOffset_BeginsWithThatMessage()
    {
        var transport = Broker.Open(_stream);
        await SendAsync(transport, "a", "b", "c");
        long offset;
        await using (var first = await OpenReaderAsync(transport))
            offset = (await ReadAsync(first, default, 3))[1].Offset;

        await using var reader = await OpenReaderAsync(transport);
        var read = new List<string>();
        await foreach (var message in Read(reader, new StreamStart(offset, Age: null)))
        {
            // A broker may send earlier messages too.
            if (message.Offset < offset)
                continue;
            read.Add(message.Text);
            if (read.Count == 2)
                break;
        }

        read.Should().Equal("b", "c");
    }

    [SkippableFact]
    public async Task ReadAsync_ByAge_HasRecentMessages()
    {
        var transport = Broker.Open(_stream);
        await SendAsync(transport, "a", "b");
        await using var reader = await OpenReaderAsync(transport);

        var read = await ReadAsync(reader, new StreamStart(Offset: null, TimeSpan.FromHours(1)), 2);

        read.Select(message => message.Text).Should().Equal("a", "b");
    }

    [SkippableFact]
    public async Task ReadAsync_MessagesComeLater_AreRead()
    {
        var transport = Broker.Open(_stream);
        await using var reader = await OpenReaderAsync(transport);
        var reading = ReadAsync(reader, default, 2);

        await SendAsync(transport, "a", "b");

        (await reading).Select(message => message.Text).Should().Equal("a", "b");
    }

    [SkippableFact]
    public async Task ReadAsync_HandlerThrows_ConnectionIsLostWithThatReason()
    {
        var transport = Broker.Open(_stream);
        await SendAsync(transport, "a");
        await using var reader = await OpenReaderAsync(transport);

        await reader.ReadAsync(default, (_, _, _) => throw new InvalidOperationException("The handler failed."), default);

        (await reader.Lost.WithinPatience()).Message.Should().Be("The handler failed.");
    }

    [SkippableFact]
    public async Task DisposeAsync_DuringTheStart_HandlerGetsNothingLater()
    {
        var transport = Broker.Open(_stream);
        await SendAsync(transport, "a", "b");
        var reader = await OpenReaderAsync(transport);
        using var stopping = new CancellationTokenSource();
        var calls = 0;

        var starting = reader.ReadAsync(default, (_, _, _) => Interlocked.Increment(ref calls), stopping.Token);
        await stopping.CancelAsync();
        await reader.DisposeAsync().AsTask().WithinPatience();
        var before = Volatile.Read(ref calls);
        await Task.WhenAny(starting).WithinPatience();
        await SendAsync(transport, "c");
        await using var other = await OpenReaderAsync(transport);
        await ReadAsync(other, default, 3);

        Volatile.Read(ref calls).Should().Be(before);
    }

    [SkippableFact]
    public async Task DisposeAsync_HandlerRuns_WaitsForIt()
    {
        var transport = Broker.Open(_stream);
        await SendAsync(transport, "a", "b");
        var reader = await OpenReaderAsync(transport);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new ManualResetEventSlim();
        var calls = 0;
        await reader.ReadAsync(
            default,
            (_, _, _) =>
            {
                calls++;
                entered.TrySetResult();
                goOn.Wait(Limits.Patience);
            },
            default);
        await entered.Task.WithinPatience();

        var disposing = reader.DisposeAsync().AsTask();
        disposing.IsCompleted.Should().BeFalse();
        goOn.Set();
        await disposing.WithinPatience();

        calls.Should().Be(1);
    }

    [SkippableFact]
    public async Task Lost_BrokerStops_CompletesForBoth()
    {
        var transport = Broker.Open(_stream);
        await using var writer = await OpenWriterAsync(transport, new Confirmations());
        await using var reader = await OpenReaderAsync(transport);
        await reader.ReadAsync(default, (_, _, _) => { }, default);

        await Broker.StopAsync();
        try
        {
            (await writer.Lost.WithinPatience()).Should().NotBeNull();
            (await reader.Lost.WithinPatience()).Should().NotBeNull();
            var open = () => transport.OpenWriterAsync(new Confirmations(), default).WithinPatience();
            var start = Stopwatch.GetTimestamp();
            await open.Should().ThrowAsync<Exception>();
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(Limits.Patience, "the limit of the test is not the exception");
        }
        finally
        {
            await Broker.StartAsync();
        }
    }

    [SkippableFact]
    public async Task OpenWriterAsync_Canceled_Throws()
    {
        var transport = Broker.Open(_stream);

        var open = () => transport.OpenWriterAsync(new Confirmations(), new CancellationToken(canceled: true)).WithinPatience();

        await open.Should().ThrowAsync<OperationCanceledException>();
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Opens a writer. Tries again, as the engine does.</summary>
    private static async Task<IStreamWriter> OpenWriterAsync(IStreamTransport transport, IStreamWriterObserver observer)
    {
        IStreamWriter? writer = null;
        await UntilDoneAsync(async () => writer = await transport.OpenWriterAsync(observer, default));
        return writer!;
    }

    /// <summary>Opens a reader of a stream that can be read. Tries again, as the engine does.</summary>
    private static async Task<IStreamReader> OpenReaderAsync(IStreamTransport transport)
    {
        await UntilDoneAsync(async () =>
        {
            await using var probe = await transport.OpenReaderAsync(default);
            await probe.ReadAsync(default, (_, _, _) => { }, default);
        });
        return await transport.OpenReaderAsync(default);
    }

    /// <summary>Repeats an action until it succeeds. A broker may refuse for a moment after a start, or for a new stream.</summary>
    private static Task UntilDoneAsync(Func<Task> action) => Limits.UntilAsync(async () =>
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception exception) when (exception is IOException or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    });

    private static async Task SendAsync(IStreamTransport transport, params string[] messages)
    {
        var confirmations = new Confirmations();
        await using var writer = await OpenWriterAsync(transport, confirmations);
        foreach (var message in messages)
            await writer.SendAsync(Bytes(message), default);
        await confirmations.UntilAsync(messages.Length);
    }

    private static async Task<List<(long Offset, MessageOrder Order, string Text)>> ReadAsync(
        IStreamReader reader, StreamStart start, int count)
    {
        var read = new List<(long, MessageOrder, string)>();
        await foreach (var message in Read(reader, start))
        {
            read.Add(message);
            if (read.Count == count)
                break;
        }

        return read;
    }

    private static async IAsyncEnumerable<(long Offset, MessageOrder Order, string Text)> Read(IStreamReader reader, StreamStart start)
    {
        var messages = System.Threading.Channels.Channel.CreateUnbounded<(long, MessageOrder, string)>();
        await reader.ReadAsync(
            start, (offset, order, body) => messages.Writer.TryWrite((offset, order, Encoding.UTF8.GetString(body))), default);
        while (true)
            yield return await messages.Reader.ReadAsync().AsTask().WithinPatience();
    }
}
