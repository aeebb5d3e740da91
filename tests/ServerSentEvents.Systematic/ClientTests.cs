using ServerSentEvents.Client;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>
/// Tests the client while events, ends, stalls and cancellations come at the same time. It loses no event, and leaves no response
/// open.
/// </summary>
public sealed class ClientTests(ITestOutputHelper output)
{
    private static readonly Uri Address = new("http://localhost/events");
    private static readonly TimeSpan ReconnectionInterval = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void ReadAsync_StallDuringEvents_ReturnsEachEventOnceAndInOrder() => Schedules.Explore(async () =>
    {
        var ends = await ReadDuringStallAsync(server =>
        {
            server.Publish();
            server.Publish();
        });

        ends.Should().BeSubsetOf([EventStreamEndReason.Stalled]).And.OnlyHaveUniqueItems();
    }, output);

    [Fact]
    public void ReadAsync_StallDuringEnd_ReturnsEachEventOnceAndInOrder() => Schedules.Explore(async () =>
    {
        var ends = await ReadDuringStallAsync(server =>
        {
            server.Publish();
            server.EndStreams();
            server.Publish();
            server.EndStreams();
        });

        ends.Should().BeSubsetOf([EventStreamEndReason.Stalled, EventStreamEndReason.EndOfStream]);
    }, output);

    [Fact]
    public void DisposeAsync_DuringStallAndEnd_LeavesNothingOpen() => Schedules.Explore(async () =>
    {
        var (server, clock, ends) = NewServer();
        server.Publish();

        var ending = Task.Run(() =>
        {
            server.Publish();
            server.EndStreams();
        });
        var stalling = Task.Run(clock.FireTimers);
        (await ReadAsync(server, clock, ends, count: 1)).Should().Equal("1");
        server.OpenStreams.Should().Be(0);
        clock.FireTimers().Should().Be(0);
        await ending;
        await stalling;
        server.OpenStreams.Should().Be(0);
    }, output);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReadAsync_CanceledDuringEventsAndEnd_ThrowsAndLeavesNothingOpen(bool stalls) => Schedules.Explore(async () =>
    {
        var (server, clock, ends) = NewServer();
        using var cancellation = new CancellationTokenSource();
        var received = new List<string>();

        var publishing = Task.Run(() =>
        {
            server.Publish();
            server.EndStreams();
            server.Publish();
        });
        var stalling = Task.Run(() => stalls ? clock.FireTimers() : 0);
        var canceling = Task.Run(cancellation.Cancel);
        var events = NewClient(server, clock, ends).ReadAsync(Address, cancellation.Token).GetAsyncEnumerator();
        var isCanceled = false;
        try
        {
            while (await events.MoveNextAsync())
                received.Add(events.Current.Data);
        }
        catch (OperationCanceledException)
        {
            isCanceled = true;
        }

        isCanceled.Should().BeTrue();
        server.OpenStreams.Should().Be(0);
        await events.DisposeAsync();
        await publishing;
        await stalling;
        await canceling;
        string.Concat(received).Should().BeOneOf("", "1", "12");
        ends.Should().BeSubsetOf([EventStreamEndReason.Stalled, EventStreamEndReason.EndOfStream]);
        server.OpenStreams.Should().Be(0);
        clock.FireTimers().Should().Be(0);
    }, output);

    [Fact]
    public void DisposeAsync_DuringRead_ThrowsUntilTheReadCompletes() => Schedules.Explore(async () =>
    {
        var (server, clock, ends) = NewServer();
        using var cancellation = new CancellationTokenSource();
        var events = NewClient(server, clock, ends).ReadAsync(Address, cancellation.Token).GetAsyncEnumerator();

        var publishing = Task.Run(server.Publish);
        var reading = events.MoveNextAsync().AsTask();
        var isDisposed = true;
        try
        {
            await events.DisposeAsync();
        }
        catch (NotSupportedException)
        {
            isDisposed = false;
        }

        var canceling = Task.Run(cancellation.Cancel);
        try
        {
            (await reading).Should().BeTrue();
            if (!isDisposed)
                events.Current.Data.Should().Be("1");
        }
        catch (OperationCanceledException)
        {
            isDisposed.Should().BeFalse();
        }

        await events.DisposeAsync();
        await publishing;
        await canceling;
        server.OpenStreams.Should().Be(0);
        ends.Should().BeEmpty();
    }, output);

    private static (ScenarioServer Server, ScenarioClock Clock, List<EventStreamEndReason> Ends) NewServer() =>
        (new ScenarioServer(), new ScenarioClock { LongestOwnDelay = 2 * ReconnectionInterval }, []);

    private static EventStreamClient NewClient(ScenarioServer server, ScenarioClock clock, List<EventStreamEndReason> ends) =>
        new(server, new EventStreamClientOptions
        {
            TimeProvider = clock,
            ReconnectionInterval = ReconnectionInterval,
            MaxReconnectionInterval = ReconnectionInterval,
            Disconnected = end => ends.Add(end.Reason),
        });

    /// <summary>
    /// Reads three events while the server acts and the stall timers fire. Returns the reasons of the ends of connections.
    /// </summary>
    /// <param name="act">Publishes the first two events.</param>
    private static async Task<List<EventStreamEndReason>> ReadDuringStallAsync(Action<ScenarioServer> act)
    {
        var (server, clock, ends) = NewServer();

        var acting = Task.Run(() => act(server));
        var stalling = Task.Run(clock.FireTimers);
        var reading = ReadAsync(server, clock, ends, count: 3);
        await acting;
        await stalling;
        server.Publish();

        (await reading).Should().Equal("1", "2", "3");
        server.OpenStreams.Should().Be(0);
        return ends;
    }

    /// <summary>Reads a number of events, and leaves the stream.</summary>
    private static async Task<List<string>> ReadAsync(
        ScenarioServer server, ScenarioClock clock, List<EventStreamEndReason> ends, int count)
    {
        var received = new List<string>();
        var events = NewClient(server, clock, ends).ReadAsync(Address).GetAsyncEnumerator();
        while (received.Count < count && await events.MoveNextAsync())
            received.Add(events.Current.Data);
        await events.DisposeAsync();
        return received;
    }
}
