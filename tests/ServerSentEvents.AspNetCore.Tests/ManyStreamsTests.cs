using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the stop of an application with as many streams as a busy server has.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Slow")]
public sealed class ManyStreamsTests(ITestOutputHelper output)
{
    private const int All = 10_000;
    private const int StreamsOfAConnection = 100;

    /// <summary>The number of files that the process opens for other purposes.</summary>
    private const int OtherFiles = 1_000;

    [SkippableFact]
    public async Task Stop_TenThousandOpenStreams_EndsAllBeforeTheHostsTimeout()
    {
        var plain = Math.Min(All, (OpenFiles.Limit - OtherFiles) / 2);
        Tool.Require(
            plain >= 1_000,
            $"This test opens up to {2 * All} sockets, and the limit is {OpenFiles.Limit} open files. Before the tests: ulimit -n 30000",
            Environment.GetEnvironmentVariable("CI"));
        // The clock stands still, so no client is cut off. The host stops because all streams have ended.
        await using var app = await TestApplication.StartAsync(builder =>
            builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider()).AddServerSentEvents(options =>
                (options.ReconnectionInterval, options.ReconnectionJitter) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60))));
        var clients = new List<RawClient>();
        for (var i = 0; i < plain; i++)
        {
            clients.Add(await app.ConnectAsync());
            await clients[i].GetAsync("/events");
        }

        var multiplexed = await OpenByHttp2Async(app, All - plain);
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == All);
        foreach (var client in clients)
            await client.ReadToAsync("\r\n\r\n");

        var reading = clients.Select(client => client.ReadToEndAsync()).ToList();
        var readingMultiplexed = multiplexed.Select(client => client.RestAsync()).ToList();
        var elapsed = await app.StopAndTimeAsync();
        var texts = (await Task.WhenAll(reading)).Concat(await Task.WhenAll(readingMultiplexed)).ToList();

        output.WriteLine($"{plain} connections of HTTP/1.1 and {All - plain} streams of HTTP/2: {elapsed.TotalSeconds:F2} s to stop");
        elapsed.Should().BeLessThan(TestApplication.FarBelowTheHostsTimeout);
        app.Publisher.GetSubscribers().Should().BeEmpty();
        texts.Should().HaveCount(All);
        texts.Select(LastRetry).Distinct().Should().HaveCountGreaterThan(All / 20, "jitter spreads the reconnections");
        clients.ForEach(client => client.Dispose());
        multiplexed.ForEach(client => client.Dispose());
    }

    private static async Task<List<LineClient>> OpenByHttp2Async(TestApplication app, int count)
    {
        var clients = new List<LineClient>();
        while (clients.Count < count)
        {
            var http = app.NewClient(HttpVersion.Version20);
            var some = Math.Min(StreamsOfAConnection, count - clients.Count);
            clients.AddRange(await Task.WhenAll(Enumerable.Range(0, some).Select(_ => LineClient.OpenAsync(http, "/events"))));
        }

        return clients;
    }

    private static int LastRetry(string text)
    {
        var start = text.LastIndexOf("retry: ", StringComparison.Ordinal) + "retry: ".Length;
        return int.Parse(text[start..text.IndexOf('\n', start)], CultureInfo.InvariantCulture);
    }
}
