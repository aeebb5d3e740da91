using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>Events that wait together go out together, and each fares as if it had gone alone.</summary>
public sealed class SharedMessageTests
{
    private readonly InMemoryStream _stream = new();
    private readonly OddTransport _transport;

    public SharedMessageTests() => _transport = new OddTransport(_stream);

    [Fact]
    public async Task PublishAsync_MoreThanOneMessageHolds_FillsMessagesInOrder()
    {
        await using var node = await TestNode.StartAsync(_transport);
        await using var client = node.Connect();
        string[] data = [.. Enumerable.Range(0, 2500).Select(number => $"{number}")];

        var waiting = await PublishTogetherAsync(node, data);
        waiting.Go();
        var positions = await Task.WhenAll(waiting.Publishing).WithinPatience();

        Messages().Select(message => message.Count).Should().Equal(1, 1000, 1000, 500);
        (await client.NextAsync(1 + data.Length)).Should().Equal(["ahead", .. data]);
        positions.Select(position => long.Parse(position.Split('-')[1], provider: null))
            .Should().OnlyHaveUniqueItems().And.BeInAscendingOrder();
        client.LastEventId.Should().Be(positions[^1]);
    }

    [Fact]
    public async Task PublishAsync_LargeEvents_ShareOnlyWhatAMessageIsToHold()
    {
        await using var node = await TestNode.StartAsync(_transport);
        await using var client = node.Connect();
        int[] lengths = [30_000, 30_000, 30_000, 200_000, 10, 10];
        string[] data = [.. lengths.Select(length => new string('x', length))];

        var waiting = await PublishTogetherAsync(node, data);
        waiting.Go();
        await Task.WhenAll(waiting.Publishing).WithinPatience();

        Messages().Select(message => message.Count).Should().Equal(1, 2, 1, 1, 2);
        (await client.NextAsync(1 + data.Length)).Should().Equal(["ahead", .. data]);
    }

    [Fact]
    public async Task PublishAsync_OthersAreUnconfirmed_GoesOutAtOnceUntilTheWindowIsFull()
    {
        await using var node = await TestNode.StartAsync(_transport);
        await using var client = node.Connect();
        string[] data = [.. Enumerable.Range(0, SeenMessages.Window + 10).Select(number => $"{number}")];
        var publishing = new List<Task>();
        _stream.LoseConfirmations(true);

        foreach (var each in data)
        {
            publishing.Add(node.Backplane.PublishAsync(each));
            if (publishing.Count <= SeenMessages.Window)
                await Limits.UntilAsync(() => Messages().Count == publishing.Count);
        }

        // All that have gone out have come back by now: the node would be free to send, were it not for the window.
        await client.NextAsync(SeenMessages.Window);
        Messages().Should().HaveCount(SeenMessages.Window).And.OnlyContain(message => message.Count == 1);
        _stream.LoseConfirmations(false);
        await Task.WhenAll(publishing).WithinPatience();
        Messages()[^1].Should().HaveCount(10);
        (await client.NextAsync(10)).Should().Equal(data[^10..]);
    }

    [Fact]
    public async Task Deliver_TakesItsTime_EachIsAnsweredWhenItIsDelivered()
    {
        using var goOn = new SemaphoreSlim(0);
        await using var node = await TestNode.StartAsync(_transport, options => options.Personalise = (item, _) =>
        {
            if (item.Data == "second")
                goOn.Wait(Limits.Patience);
            return item;
        });
        await using var client = node.Connect();

        var waiting = await PublishTogetherAsync(node, "first", "second", "third");
        waiting.Go();
        await waiting.Publishing[0].WithinPatience();

        waiting.Publishing[1].IsCompleted.Should().BeFalse("it is being delivered");
        waiting.Publishing[2].IsCompleted.Should().BeFalse();
        var disposing = node.Backplane.DisposeAsync();
        await waiting.Publishing[2].Invoking(task => task).Should().ThrowAsync<ObjectDisposedException>();
        goOn.Release();
        await disposing.AsTask().WithinPatience();
        (await client.NextAsync(3)).Should().Equal("ahead", "first", "second");
        client.Queued.Should().Be(0, "nobody waits for what comes after the end");
    }

    [Fact]
    public async Task ConfirmationLost_MessageOfMany_EachIsDeliveredOnceAtItsFirstPosition()
    {
        await using var one = await TestNode.StartAsync(_transport);
        await using var other = await TestNode.StartAsync(_stream);
        await using var far = other.Connect();

        var waiting = await PublishTogetherAsync(one, "a", "b", "c");
        _stream.HoldReaders(true);
        _stream.LoseConfirmations(true);
        waiting.Go();
        await Limits.UntilAsync(() => Messages().Count == 2);
        _stream.LoseConfirmations(false);
        await Limits.UntilAsync(() => Messages().Count == 4);
        _stream.HoldReaders(false);
        var positions = await Task.WhenAll(waiting.Publishing).WithinPatience();
        await one.Backplane.PublishAsync("after").WithinPatience();

        Messages().Select(message => message.Count).Should().Equal(1, 3, 1, 3, 1);
        (await far.NextAsync()).Data.Should().Be("ahead");
        foreach (var position in positions)
            (await far.NextAsync()).EventId.Should().Be(position);
        (await far.NextAsync()).Data.Should().Be("after");
    }

    [Fact]
    public async Task Canceled_OneOfThoseThatWaitTogether_IsLeftOutAndTheOthersGo()
    {
        await using var node = await TestNode.StartAsync(_transport);
        await using var client = node.Connect();
        using var cancellation = new CancellationTokenSource();

        var waiting = await PublishTogetherAsync(node, "first");
        var canceled = node.Backplane.PublishAsync("canceled", cancellationToken: cancellation.Token);
        var last = node.Backplane.PublishAsync("last");
        await cancellation.CancelAsync();
        await canceled.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        waiting.Go();
        await last.WithinPatience();

        (await client.NextAsync(3)).Should().Equal("ahead", "first", "last");
        Messages().Select(message => message.Count).Should().Equal(1, 2);
    }

    [Fact]
    public async Task Canceled_OneOfAMessageThatIsToBeSentAgain_TheOthersStillArrive()
    {
        await using var node = await TestNode.StartAsync(_transport);
        await using var client = node.Connect();
        using var cancellation = new CancellationTokenSource();

        var waiting = await PublishTogetherAsync(node, "first");
        var canceled = node.Backplane.PublishAsync("canceled", cancellationToken: cancellation.Token);
        _stream.HoldReaders(true);
        _stream.LoseConfirmations(true);
        waiting.Go();
        await Limits.UntilAsync(() => Messages().Count == 2);
        await cancellation.CancelAsync();
        await canceled.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        _stream.LoseConfirmations(false);
        await Limits.UntilAsync(() => Messages().Count == 4);
        _stream.HoldReaders(false);
        await Task.WhenAll(waiting.Publishing).WithinPatience();

        (await client.NextAsync(3)).Should().Equal("ahead", "first", "canceled");
    }

    /// <summary>Publishes all of that, and keeps it waiting behind an event that the broker does not take yet.</summary>
    private async Task<(Task<string>[] Publishing, Action Go)> PublishTogetherAsync(TestNode node, params string[] data)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _transport.TakeAfter(taken.Task);
        _ = node.Backplane.PublishAsync("ahead");
        await Limits.UntilAsync(() => _transport.IsWaiting);
        return (Array.ConvertAll(data, each => node.Backplane.PublishAsync(each)), taken.SetResult);
    }

    /// <summary>The data of each message that has any, the oldest first.</summary>
    private List<List<string>> Messages()
    {
        var messages = new List<List<string>>();
        foreach (var body in _stream.Messages)
        {
            MessageFormat.TryDecode(body, out var message).Should().Be(DecodeResult.Decoded);
            if (message.Events.Count > 0)
                messages.Add([.. message.Events.Select(each => each.Item.Data)]);
        }

        return messages;
    }
}
