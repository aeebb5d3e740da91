using System.Collections.Concurrent;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests how a node handles the messages of its reader, one by one.</summary>
public sealed class StreamFollowerTests : IDisposable
{
    private const string LateFailure = "The connection was closed.";

    private readonly ManualReader _reader = new();
    private ulong _sequence;

    public void Dispose() => _reader.Dispose();

    [Fact]
    public async Task Read_BeforeTheMarker_FillsTheHistoryAndEndsEarlyClients()
    {
        var attaching = _reader.AttachAsync(marker: 2);
        _reader.Read(0, Message("a"), MessageOrder.First);
        await using var early = _reader.Connect();
        _reader.Read(1, Message("b"));
        attaching.IsCompleted.Should().BeFalse();
        _reader.Read(2, RawMessage.Of(new MessageId(7, 1)));

        await attaching.WithinPatience();
        (await early.RestAsync()).Should().BeEmpty();
        await using var client = _reader.Connect();
        _reader.Read(3, Message("c"));
        (await client.NextAsync()).Data.Should().Be("c");
    }

    [Fact]
    public async Task Read_ResumedReaderStartsEarlier_SkipsWhatWasRead()
    {
        await StartAsync();
        await using var client = _reader.Connect();
        var (first, last) = (Message("a"), Message("b"));
        _reader.Read(1, first);
        _reader.Read(2, last);

        var attaching = _reader.AttachAsync(marker: 3);
        _reader.Read(1, first);
        _reader.Read(2, last);
        _reader.Read(3, RawMessage.Of(new MessageId(7, 2)));
        await attaching.WithinPatience();
        _reader.Read(4, Message("c"));

        (await client.NextAsync(3)).Should().Equal("a", "b", "c");
    }

    [Fact]
    public async Task Read_OffsetDoesNotRise_EndsClientsAndOlderIdsAreGaps()
    {
        await StartAsync();
        await using var client = _reader.Connect();
        _reader.Read(5, Message("a"));
        var high = (await client.NextAsync()).EventId;

        _reader.Read(3, Message("b"));
        (await client.RestAsync()).Should().BeEmpty();
        await using var again = _reader.Connect();
        _reader.Read(4, Message("c"));
        var low = (await again.NextAsync()).EventId;
        _reader.Read(5, Message("d"));
        _reader.Read(6, Message("e"));

        (await again.NextAsync(2)).Should().Equal("d", "e");
        await using var old = _reader.Connect(high);
        old.Resume.Should().Be(ResumeResult.Gap, "the stream has another message at that offset");
        await using var resumed = _reader.Connect(low);
        (await resumed.NextAsync(2)).Should().Equal("d", "e");
        _reader.Log.Warnings.Should().ContainSingle().Which.Should().Contain("messages between offsets 5 and 3 may be lost");
    }

    [Fact]
    public async Task Read_OffsetDoesNotRise_OldIdIsAGapAndNewIdResumes()
    {
        await StartAsync();
        await using var client = _reader.Connect();
        foreach (var offset in new[] { 3, 100, 200, 300 })
            _reader.Read(offset, Message("a"));
        var old = (await client.NextAsync()).EventId;

        foreach (var offset in new[] { 2, 3, 4, 5 })
            _reader.Read(offset, Message($"b{offset}"));
        await using var ahead = _reader.Connect(old);
        ahead.Resume.Should().Be(ResumeResult.Gap, "the stream has another message at that offset");
        await client.RestAsync();
        await using var next = _reader.Connect();
        _reader.Read(6, Message("b6"));
        _reader.Read(7, Message("b7"));
        var id = (await next.NextAsync()).EventId;

        await using var resumed = _reader.Connect(id);
        (await resumed.NextAsync()).Data.Should().Be("b7");
    }

    [Fact]
    public async Task Read_SameOffsetTwice_EndsClients()
    {
        await StartAsync();
        await using var client = _reader.Connect();
        _reader.Read(5, Message("a"));
        _reader.Read(5, Message("b"));

        (await client.RestAsync()).Should().Equal("a");
    }

    [Theory]
    [InlineData(MessageOrder.AfterLoss)]
    [InlineData(MessageOrder.First)]
    public async Task Read_MessagesWereRemoved_EndsClientsAndOlderIdsAreGaps(MessageOrder order)
    {
        await StartAsync();
        await using var client = _reader.Connect();
        _reader.Read(1, Message("a"));

        _reader.Read(9, Message("b"), order);

        (await client.RestAsync()).Should().Equal("a");
        await using var old = _reader.Connect(client.LastEventId);
        old.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Read_OffsetsAreNotDense_IsNoLoss()
    {
        await StartAsync();
        await using var client = _reader.Connect();

        _reader.Read(10, Message("a"));
        _reader.Read(1000, Message("b"));

        (await client.NextAsync(2)).Should().Equal("a", "b");
    }

    [Fact]
    public async Task Read_ResumesAfterTheLastMessage_IsALoss()
    {
        await StartAsync();
        await using var client = _reader.Connect();
        _reader.Read(1, Message("a"));

        var attaching = _reader.AttachAsync(marker: 9);
        _reader.Read(9, RawMessage.Of(new MessageId(7, 2)));

        await attaching.WithinPatience();
        (await client.RestAsync()).Should().Equal("a");
    }

    [Fact]
    public async Task Attach_StreamIsShorter_EventsBeforeTheMarkerReachNoClient()
    {
        await StartAsync();
        _reader.Read(5, Message("a"));

        var attaching = _reader.AttachAsync(marker: 2);
        _reader.Read(0, RawMessage.Of(new MessageId(8, 1), data: "b"), MessageOrder.First);
        await using var early = _reader.Connect();
        _reader.Read(1, RawMessage.Of(new MessageId(8, 2), data: "c"));
        _reader.Read(2, RawMessage.Of(new MessageId(7, 2)));

        await attaching.WithinPatience();
        (await early.RestAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Attach_BrokerTakesNoMarker_ThrowsAfter30Seconds()
    {
        var attaching = _reader.AttachAsync(marker: null);

        _reader.Time.Advance(TimeSpan.FromSeconds(29));
        attaching.IsCompleted.Should().BeFalse();
        _reader.Time.Advance(TimeSpan.FromSeconds(1));

        (await attaching.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>())
            .WithMessage("The broker has not taken a marker for 00:00:30. It may block publishers.");
    }

    [Fact]
    public async Task Attach_MarkerFailsAfterItWasGivenUp_LeavesNoUnobservedException()
    {
        var unobserved = new ConcurrentQueue<string>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs failure) => unobserved.Enqueue(failure.Exception.ToString());
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            // One task can be kept alive for a while by a stale reference.
            for (var attempt = 0; attempt < 10; attempt++)
                await GiveUpMarkerAsync();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        unobserved.Should().NotContain(text => text.Contains(LateFailure, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Attach_BrokerDoesNotAnswerTheStart_EndsWithTheToken()
    {
        using var stopping = new CancellationTokenSource();
        _reader.Starting = new TaskCompletionSource().Task;
        var attaching = _reader.AttachAsync(marker: 0, stopping.Token);

        await stopping.CancelAsync();

        await attaching.Invoking(task => task.WithinPatience()).Should().ThrowAsync<OperationCanceledException>();
    }

    private async Task GiveUpMarkerAsync()
    {
        using var stopping = new CancellationTokenSource();
        var attaching = _reader.AttachAsync(marker: null, stopping.Token);
        await stopping.CancelAsync();
        await attaching.Invoking(task => task.WithinPatience()).Should().ThrowAsync<OperationCanceledException>();
        _reader.Marker.SetException(new IOException(LateFailure));
        _reader.Marker = new TaskCompletionSource<long>();
    }

    private async Task StartAsync()
    {
        var attaching = _reader.AttachAsync(marker: 0);
        _reader.Read(0, RawMessage.Of(new MessageId(7, 1)), MessageOrder.First);
        await attaching.WithinPatience();
    }

    private byte[] Message(string data) => RawMessage.Of(new MessageId(1, ++_sequence), data: data);
}
