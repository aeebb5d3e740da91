using System.Diagnostics;
using System.Globalization;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the snapshot of <see cref="SubscribeOptions{TProperties}.LoadInitialData"/> over real connections.</summary>
public sealed class LoadInitialDataTests
{
    [Fact]
    public async Task Stream_SlowLoadDuringPublishing_LosesNoEvent()
    {
        const int clients = 20;
        var state = 0;
        await using var app = await StartAsync(async token =>
        {
            var snapshot = Volatile.Read(ref state);
            // The load takes until three more events were published.
            while (Volatile.Read(ref state) < snapshot + 3)
            {
                token.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            return [new(snapshot.ToString(CultureInfo.InvariantCulture), "snapshot")];
        });
        using var stop = new ManualResetEventSlim();
        var publishing = OwnThread.RunAsync(() =>
        {
            // Slows down for clients that fall behind on a busy machine. Never waits for them, because a load waits for more events.
            while (!stop.Wait(IsBehind() ? 1 : 0))
            {
                var next = Interlocked.Increment(ref state);
                PublisherOf(app).Publish(next.ToString(CultureInfo.InvariantCulture));
                Thread.Yield();
            }

            bool IsBehind() => PublisherOf(app).GetAllSubscribers().Any(subscriber => subscriber.QueuedEvents > 10_000);
        });

        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            using var client = await app.OpenAsync();
            var snapshot = await NextNumberAsync(client);
            var number = await NextNumberAsync(client);
            number.Should().BeLessThanOrEqualTo(snapshot + 1, "nothing is missing after the snapshot");
            while (number < snapshot + 10)
            {
                var next = await NextNumberAsync(client);
                next.Should().Be(number + 1);
                number = next;
            }
        }));

        stop.Set();
        await publishing;
    }

    [Fact]
    public async Task Stream_LoadHasNotEnded_SendsHeadersAndRetryInterval()
    {
        var load = new TaskCompletionSource<IEnumerable<SseItem<string>>>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await StartAsync(_ => new(load.Task));

        using var client = await app.OpenAsync();

        (await client.NextLineAsync()).Should().Be("retry: 1000");
        load.SetResult([new("state")]);
        (await client.NextDataAsync()).Should().Be("state");
    }

    [Fact]
    public async Task Stream_LoadFails_EndsInOrderAndLogsTheException()
    {
        await using var app = await StartAsync(_ => throw new FormatException("the load has failed"));

        using var client = await app.OpenAsync();

        (await client.RestAsync()).Should().MatchRegex("^retry: 1000\nretry: [0-9]+\n$");
        await Limits.UntilAsync(
            () => app.Log.Ours.Any(entry => entry.Exception is FormatException { Message: "the load has failed" }));
        PublisherOf(app).GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Stream_LoadFailsWithoutAReconnectionInterval_SendsARetryInterval()
    {
        await using var app = await TestApplication.StartAsync(map: app => app.MapServerSentEvents<object?>(
            "/events", _ => new SubscribeOptions<object?> { LoadInitialData = _ => throw new FormatException() }));

        using var client = await app.OpenAsync();

        (await client.RestAsync()).Should().MatchRegex("^retry: ([5-9]\\d{3}|10000)\n$");
    }

    [Fact]
    public async Task Stream_ClientDisconnectsDuringTheLoad_LoadIsCanceled()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await StartAsync(async token =>
        {
            await using var registration = token.Register(canceled.SetResult);
            started.SetResult();
            await Task.Delay(Timeout.Infinite, token);
            return [];
        });

        using (await app.OpenAsync())
            await started.Task.WaitAsync(Limits.Patience);

        await canceled.Task.WaitAsync(Limits.Patience);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_LoadIgnoresItsToken_ServicesOfTheRequestLastUntilItReturns(bool isDrained)
    {
        var load = new SlowLoad();
        await using var app = await StartWithScopedServiceAsync(load);
        var client = await app.OpenAsync();
        await load.Started.Task.WithinPatience();

        if (isDrained)
        {
            PublisherOf(app).Drain();
            (await client.RestAsync()).Should().BeEmpty("the client does not wait for the function");
        }

        client.Dispose();
        await load.Canceled.Task.WithinPatience();
        await Limits.UntilAsync(() => PublisherOf(app).GetAllSubscribers().Count == 0);
        load.Disposed.Task.IsCompleted.Should().BeFalse();
        load.Return();

        (await load.Disposed.Task.WithinPatience()).Should().BeTrue("the function has returned before");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Stream_LoadNeverReturns_RequestEndsAfterFiveSecondsWithAWarning()
    {
        var load = new SlowLoad();
        await using var app = await StartWithScopedServiceAsync(load);
        using (await app.OpenAsync())
            await load.Started.Task.WithinPatience();
        await load.Canceled.Task.WithinPatience();
        var watch = Stopwatch.StartNew();

        (await load.Disposed.Task.WithinPatience()).Should().BeFalse();

        watch.Elapsed.Should().BeGreaterThan(TimeSpan.FromSeconds(4));
        app.Log.AboveDebug.Should().ContainSingle(entry => entry.Id == 11);
        load.Return();
    }

    /// <summary>Starts an application whose function uses a service of the request.</summary>
    private static Task<TestApplication> StartWithScopedServiceAsync(SlowLoad load) => TestApplication.StartAsync(
        builder => builder.Services.AddScoped<SlowLoad.Service>().AddSingleton(load).AddServerSentEvents<string>(),
        app => app.MapGet("/events", (SlowLoad.Service service, Publisher<string> publisher) => publisher.ToResult(
            new SubscribeOptions<string> { LoadInitialData = service.LoadAsync })));

    /// <summary>A load that ignores its token.</summary>
    private sealed class SlowLoad
    {
        private readonly TaskCompletionSource _return = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _hasReturned;

        internal TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Canceled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The source of a task that completes when the service is disposed, with true if the function had returned before.</summary>
        internal TaskCompletionSource<bool> Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Return() => _return.SetResult();

        internal sealed class Service(SlowLoad load) : IDisposable
        {
            internal async ValueTask<IEnumerable<SseItem<string>>> LoadAsync(CancellationToken cancellationToken)
            {
                await using var registration = cancellationToken.Register(load.Canceled.SetResult);
                load.Started.SetResult();
                await load._return.Task;
                load._hasReturned = true;
                return [];
            }

            public void Dispose() => load.Disposed.SetResult(load._hasReturned);
        }
    }

    private static Task<TestApplication> StartAsync(
        Func<CancellationToken, ValueTask<IEnumerable<SseItem<string>>>> load) => TestApplication.StartAsync(
        builder => builder.Services.AddServerSentEvents<string>(options =>
        {
            options.ReconnectionInterval = TimeSpan.FromSeconds(1);
            // A test can publish faster than its clients read.
            (options.QueueCapacity, options.QueueCapacityBytes) = (int.MaxValue, long.MaxValue);
        }),
        app => app.MapServerSentEvents<string>("/events", _ => new SubscribeOptions<string> { LoadInitialData = load }));

    private static Publisher<string> PublisherOf(TestApplication app) => app.Services.GetRequiredService<Publisher<string>>();

    private static async Task<int> NextNumberAsync(LineClient client) =>
        int.Parse(await client.NextDataAsync(), CultureInfo.InvariantCulture);
}
