using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests streams in the metrics and traces of ASP.NET Core.</summary>
public sealed class LongRunningRequestTests
{
    /// <summary>The routes of one test, which no other test measures.</summary>
    private readonly string _prefix = $"/{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)}";

    [Fact]
    public async Task Metrics_StreamHasEnded_CountsItActiveAndNotInTheDurationOfRequests()
    {
        var routes = new ConcurrentBag<string>();
        var active = 0L;
        using var listener = new MeterListener();
        await using var app = await StartAsync();
        var meters = app.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter is { Name: "Microsoft.AspNetCore.Hosting" } meter && ReferenceEquals(meter.Scope, meters))
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) =>
        {
            instrument.Name.Should().Be("http.server.request.duration");
            routes.Add((string)tags.ToArray().Single(tag => tag.Key == "http.route").Value!);
        });
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref active, value));
        listener.Start();
        using var first = await app.OpenAsync($"{_prefix}/events");
        using var second = await app.OpenAsync($"{_prefix}/result");
        Interlocked.Read(ref active).Should().Be(2);
        await app.NewClient().GetStringAsync($"{_prefix}/other").WaitAsync(Limits.Patience);

        app.Publisher.Close();
        await first.RestAsync();
        await second.RestAsync();
        await app.StopAsync();

        // ASP.NET Core 8 measures every request.
        string[] expected = Environment.Version.Major == 8 ? ["events", "result", "other"] : ["other"];
        routes.Should().BeEquivalentTo(expected.Select(path => $"{_prefix}/{path}"));
        active.Should().Be(0);
    }

    [Fact]
    public async Task Metrics_StreamCannotStart_CountsInTheDurationOfRequests()
    {
        var measured = new ConcurrentBag<object?>();
        using var listener = new MeterListener();
        await using var app = await StartAsync(() => throw new FormatException());
        var meters = app.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "http.server.request.duration" && ReferenceEquals(instrument.Meter.Scope, meters))
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
            measured.Add(tags.ToArray().Single(tag => tag.Key == "http.response.status_code").Value));
        listener.Start();

        using var response = await app.NewClient().GetAsync($"{_prefix}/events").WaitAsync(Limits.Patience);
        await app.StopAsync();

        measured.Should().Equal(500);
    }

    [Theory]
    [InlineData("events", "true")]
    [InlineData("result", "true")]
    [InlineData("subscription", "true")]
    [InlineData("other", null)]
    public async Task Traces_RequestHasEnded_HaveTheTagOfLongRunningRequestsForStreams(string name, string? expected)
    {
        var trace = ActivityTraceId.CreateRandom();
        var stopped = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.TraceId == trace
                ? ActivitySamplingResult.AllDataAndRecorded
                : ActivitySamplingResult.None,
            ActivityStopped = stopped.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using var app = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_prefix}/{name}")
        {
            Headers = { { "traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01" } },
        };
        using var response = await app.NewClient()
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Patience);

        app.Publisher.Close();
        await response.Content.ReadAsStringAsync().WaitAsync(Limits.Patience);
        await app.StopAsync();

        stopped.Should().ContainSingle(activity => activity.TraceId == trace)
            .Which.GetTagItem("http.long_running").Should().Be(expected);
    }

    private Task<TestApplication> StartAsync(Action? starting = null) => TestApplication.StartAsync(map: app =>
    {
        app.Use(next => context =>
        {
            context.Response.OnStarting(() =>
            {
                starting?.Invoke();
                return Task.CompletedTask;
            });
            return next(context);
        });
        var group = app.MapGroup(_prefix);
        group.MapServerSentEvents("/events");
        group.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
        group.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
        group.MapGet("/other", () => "");
    });
}
