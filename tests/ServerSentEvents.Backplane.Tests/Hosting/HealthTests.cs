using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>Tests the states of the health check.</summary>
public sealed class HealthTests
{
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task Check_BeforeTheStart_IsUnhealthy()
    {
        await using var backplane = NewBackplane(_stream);

        var state = await backplane.CheckAsync();

        (state.Status, state.Description).Should().Be((
            HealthStatus.Unhealthy, "This node has not caught up with the stream yet: the broker has not been reached yet."));
    }

    [Fact]
    public async Task Check_CatchingUp_IsUnhealthyAndHealthyLater()
    {
        var changed = new ChangedTransport(_stream);
        changed.Hold();
        await using var backplane = NewBackplane(changed);
        backplane.Start();
        await Limits.UntilAsync(() => _stream.Starts.Count == 1);

        var before = await backplane.CheckAsync();
        changed.Release();
        await Limits.UntilAsync(() => backplane.IsCaughtUp);
        var after = await backplane.CheckAsync();

        (before.Status, before.Description).Should().Be((
            HealthStatus.Unhealthy, "This node has not caught up with the stream yet: this node is catching up with the stream."));
        (after.Status, after.Description).Should().Be((HealthStatus.Healthy, "This node reads the end of the stream."));
    }

    [Fact]
    public async Task Check_OtherFailureStatus_IsUsed()
    {
        await using var backplane = NewBackplane(_stream);

        backplane.CheckHealth(HealthStatus.Degraded).Status.Should().Be(HealthStatus.Degraded);
    }

    [Fact]
    public async Task Check_Outage_IsDegradedAndHealthyLater()
    {
        await using var node = await TestNode.StartAsync(_stream);
        _stream.Stop();
        await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp);

        var during = await node.Backplane.CheckAsync();
        _stream.Start();
        await Limits.UntilAsync(async () => (await node.Backplane.CheckAsync()).Status == HealthStatus.Healthy);

        (during.Status, during.Description).Should().Be((
            HealthStatus.Degraded, "This node gets no events: there is no connection: The broker is away."));
    }

    [Fact]
    public async Task Check_BrokerBlocks_IsDegradedAndHealthyLater()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await Limits.UntilAsync(async () => (await node.Backplane.CheckAsync()).Status == HealthStatus.Healthy);
        _stream.Block("low on disk");

        var blocked = await node.Backplane.CheckAsync();
        _stream.Block(null);
        var after = await node.Backplane.CheckAsync();

        (blocked.Status, blocked.Description).Should().Be((
            HealthStatus.Degraded, "Nothing can be published: the broker blocks publishers (low on disk)."));
        after.Status.Should().Be(HealthStatus.Healthy);
        node.Log.Lines.Should().ContainInOrder(
            "Stream stream: the broker blocks publishers: low on disk ", "Stream stream: the broker takes events again. ");
    }

    [Fact]
    public async Task Check_PublisherWithoutSubscribers_TellsWhetherItCanPublish()
    {
        await using var publisher = new TestPublisher(new TestPublisherOptions(), _stream);
        (await publisher.CheckAsync()).Status.Should().Be(HealthStatus.Degraded);
        publisher.Start();
        await Limits.UntilAsync(async () => (await publisher.CheckAsync()).Status == HealthStatus.Healthy);
        (await publisher.CheckAsync()).Description.Should().Be("The broker takes events.");

        _stream.Block("low on disk");

        (await publisher.CheckAsync()).Description.Should().Be("Nothing can be published: the broker blocks publishers (low on disk).");
    }

    [Fact]
    public async Task Check_AfterTheDisposal_IsDegradedAndSaysWhy()
    {
        var node = await TestNode.StartAsync(_stream);
        await node.DisposeAsync();

        var state = await node.Backplane.CheckAsync();

        (state.Status, state.Description).Should().Be((
            HealthStatus.Degraded, "This node gets no events: the backplane was disposed."));
    }

    [Fact]
    public async Task Check_PublisherWithoutSubscribersIsDisposed_IsDegradedAndSaysWhy()
    {
        var publisher = new TestPublisher(new TestPublisherOptions(), _stream);
        await publisher.ConnectAsync().WithinPatience();
        await publisher.DisposeAsync();

        var state = await publisher.CheckAsync();

        (state.Status, state.Description).Should().Be((
            HealthStatus.Degraded, "Nothing can be published: the publisher was disposed."));
    }

    private static TestBackplane NewBackplane(IStreamTransport transport) => new(new Publisher<string>(), new TestOptions(), transport);
}
