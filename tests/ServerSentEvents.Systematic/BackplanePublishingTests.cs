using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>
/// Tests publishing over a stream while connections are lost. Every call completes, and every confirmed event is delivered once
/// and in order.
/// </summary>
public sealed class BackplanePublishingTests(ITestOutputHelper output)
{
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PublishAsync_WriterLost_DeliversEachEventOnceAndInOrder(bool confirmsAll) => Schedules.Explore(async () =>
    {
        var stream = new LateStream { ConfirmsAll = confirmsAll };
        var node = await BackplaneNode.StartAsync(stream);
        var subscription = node.Subscribe();

        var losing = Task.Run(() =>
        {
            stream.LoseWriter();
            stream.LoseWriter();
        });
        Task[] publishing = [node.PublishAsync("1"), node.PublishAsync("2"), node.PublishAsync("3")];
        foreach (var each in publishing)
            await each;
        await losing;

        (await node.ReadToEndAsync(subscription)).Should().Equal("1", "2", "3");
        await node.DisposeAsync();
        stream.Connections.Should().Be(0);
    }, output, count: Schedules.Few);

    [Fact]
    public void PublishAsync_CanceledDuringLoss_DeliversOtherEventsOnceAndInOrder() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream);
        var subscription = node.Subscribe();
        using var cancellation = new CancellationTokenSource();

        var losing = Task.Run(stream.LoseWriter);
        var canceling = Task.Run(cancellation.Cancel);
        var first = node.PublishAsync("1");
        var canceled = node.PublishAsync("2", cancellation.Token);
        var last = node.PublishAsync("3");
        await first;
        var isConfirmed = await FailureOfAsync<OperationCanceledException>(canceled) is null;
        await last;
        await losing;
        await canceling;

        var received = await node.ReadToEndAsync(subscription);
        received.Should().OnlyHaveUniqueItems().And.BeInAscendingOrder().And.Contain(["1", "3"]);
        if (isConfirmed)
            received.Should().Contain("2");
        await node.DisposeAsync();
    }, output, count: Schedules.Few);

    [Fact]
    public void PublishAsync_TimeoutDuringLoss_DeliversNoEventThatWasNotPublished() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream, PublishTimeout);
        var subscription = node.Subscribe();

        var losing = Task.Run(stream.LoseWriter);
        var waiting = Task.Run(() =>
        {
            node.Clock.Advance(PublishTimeout);
            node.Clock.FireTimers();
        });
        string[] data = ["1", "2"];
        var publishing = Array.ConvertAll(data, each => node.PublishAsync(each));
        var failures = new List<string?>();
        foreach (var each in publishing)
            failures.Add((await FailureOfAsync<TimeoutException>(each))?.Message);
        await losing;
        await waiting;

        var received = await node.ReadToEndAsync(subscription);
        received.Should().OnlyHaveUniqueItems().And.BeInAscendingOrder();
        foreach (var (each, failure) in data.Zip(failures))
        {
            if (failure is null)
                received.Should().Contain(each);
            else if (failure.StartsWith("Not published", StringComparison.Ordinal))
                received.Should().NotContain(each);
        }

        await node.DisposeAsync();
    }, output, count: Schedules.Few);

    [Fact]
    public void DisposeAsync_DuringPublishingAndLoss_CompletesEveryCallAndConnection() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = await BackplaneNode.StartAsync(stream);
        var subscription = node.Subscribe();

        var losing = Task.Run(() =>
        {
            stream.LoseReader();
            stream.LoseWriter();
        });
        var disposing = Task.Run(() => node.DisposeAsync().AsTask());
        string[] data = ["1", "2"];
        var publishing = Array.ConvertAll(data, each => FailureOfAsync<ObjectDisposedException>(node.PublishAsync(each)));
        var confirmed = new List<string>();
        foreach (var (each, failure) in data.Zip(publishing))
        {
            if (await failure is null)
                confirmed.Add(each);
        }

        await node.DisposeAsync();
        await disposing;
        await losing;

        stream.Connections.Should().Be(0);
        stream.Data.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        confirmed.Should().BeSubsetOf(stream.Data);
        subscription.EndReason.Should().BeNull();
        subscription.Close();
        var received = await BackplaneNode.ReadAsync(subscription);
        received.Should().Equal(stream.Data.Take(received.Count));
    }, output, count: Schedules.Few);

    [Fact]
    public void DisposeAsync_DuringStart_LeavesPublisherAlone() => Schedules.Explore(async () =>
    {
        var stream = new LateStream();
        var node = BackplaneNode.Create(stream);

        var starting = Task.Run(() =>
        {
            try
            {
                node.Start();
            }
            catch (ObjectDisposedException)
            {
                // The disposal came before the start.
            }
        });
        await Task.Run(() => node.DisposeAsync().AsTask());
        var subscription = node.Subscribe();
        await starting;

        stream.Connections.Should().Be(0);
        subscription.EndReason.Should().BeNull("nothing of the backplane runs anymore");
        subscription.Dispose();
    }, output, count: Schedules.Few);

    /// <summary>Returns the exception of a type that a task has thrown; null if the task has succeeded.</summary>
    private static async Task<TException?> FailureOfAsync<TException>(Task task)
        where TException : Exception
    {
        try
        {
            await task;
            return null;
        }
        catch (TException exception)
        {
            return exception;
        }
    }
}
