using System.Diagnostics.Metrics;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.Loader;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests that what happens is visible: in notifications, the log and the metrics.</summary>
[Collection(nameof(RunAlone))]
public sealed class NotificationTests
{
    [Fact]
    public async Task Notifications_SeveralAttempts_DescribeEach()
    {
        var connections = new List<EventStreamConnection>();
        var ends = new List<EventStreamDisconnection>();
        var lost = new IOException("reset");
        using var handler = new ScriptedHandler(
            ScriptedHandler.Stream("id: 1\ndata: a\n\n"),
            ScriptedHandler.Status(503),
            ScriptedHandler.Body(() => new ScriptedBody([], lost)));

        await TestClient.ReadAllAsync(handler, new() { Connected = connections.Add, Disconnected = ends.Add });

        connections.Select(connection => (connection.Uri, connection.LastEventId, connection.FailedAttempts)).Should().Equal(
            (TestClient.Uri, null, 0), (TestClient.Uri, "1", 1));
        ends.Select(end => (end.Reason, end.StatusCode, end.FailedAttempts, end.IsTemporary, end.Delay)).Should().Equal(
            (EventStreamEndReason.EndOfStream, null, 0, true, TimeSpan.FromSeconds(3)),
            (EventStreamEndReason.UnexpectedStatus, HttpStatusCode.ServiceUnavailable, 1, true, TimeSpan.FromSeconds(3)),
            (EventStreamEndReason.ConnectionFailed, null, 2, true, TimeSpan.FromSeconds(4.5)),
            (EventStreamEndReason.NoContent, HttpStatusCode.NoContent, 3, false, null));
        ends.Should().OnlyContain(end => end.LastEventId == "1");
        ends.Select(end => end.Exception).Should().Equal(null, null, lost, null);
        ends[2].Message.Should().Be("The stream has broken off: reset");
    }

    [Fact]
    public async Task ShouldReconnect_BeforeTheDecision_SeesNoDelay()
    {
        EventStreamDisconnection? asked = null, told = null;
        TimeSpan? delay = TimeSpan.Zero;
        using var handler = ScriptedHandler.Of("data: a\n\n");

        await TestClient.ReadAllAsync(handler, new()
        {
            ShouldReconnect = end =>
            {
                (asked, delay) = (end, end.Delay);
                return false;
            },
            Disconnected = end => told = end,
        });

        delay.Should().BeNull();
        told.Should().BeSameAs(asked);
        told!.Delay.Should().BeNull();
    }

    [Fact]
    public async Task Notifications_AnyThrows_EndTheEnumerationAndTheRequest()
    {
        EventStreamClientOptions[] all =
        [
            new() { Connected = _ => throw new FormatException("mine") },
            new() { Disconnected = _ => throw new FormatException("mine") },
            new() { ShouldReconnect = _ => throw new FormatException("mine") },
        ];
        foreach (var options in all)
        {
            using var handler = ScriptedHandler.Of("data: a\n\n", "data: b\n\n");

            var read = () => TestClient.ReadAllAsync(handler, options);

            await read.Should().ThrowAsync<FormatException>().WithMessage("mine");
            handler.Requests.Should().ContainSingle();
            handler.Bodies.Should().OnlyContain(body => body.IsDisposed);
        }
    }

    [Fact]
    public async Task Log_SeveralAttempts_NamesThemWithoutSecrets()
    {
        using var log = new TestLog();
        using var handler = new ScriptedHandler(
            ScriptedHandler.Stream("id: 1\ndata: a\n\n"), ScriptedHandler.Stream("data: b\n\n"), ScriptedHandler.Status(404));
        var client = TestClient.NewWithoutWaits(handler, new() { LoggerFactory = log });

        var read = () => client.ReadAsync(new Uri("http://user:secret@server/events?token=secret")).ToArrayAsync();

        await read.Should().ThrowAsync<EventStreamException>();
        log.Entries.Should().OnlyContain(entry => entry.Category == "ServerSentEvents.Client" && !entry.Message.Contains("secret"));
        log.Entries.Select(entry => (entry.Level, entry.Message)).Should().Equal(
            (LogLevel.Debug, "Connected to the event stream http://server/events. Last event id: (none)."),
            (LogLevel.Information, "The server has ended the stream. Attempts without progress: 0. Next attempt in 00:00:03."),
            (LogLevel.Debug, "Connected to the event stream http://server/events. Last event id: 1."),
            (LogLevel.Information, "The server has ended the stream. Attempts without progress: 0. Next attempt in 00:00:03."),
            (LogLevel.Information, "The server has answered 404 (Not Found) instead of an event stream. The client does not reconnect."));
    }

    [Fact]
    public async Task Log_HandlerDoesNotTellTheAddress_SaysUnknown()
    {
        using var log = new TestLog();
        using var handler = new HandlerWithoutAddress();

        await TestClient.ReadAllAsync(handler, new() { LoggerFactory = log });

        log.Entries.Select(entry => entry.Message).Should().Contain("Connected to the event stream (unknown). Last event id: (none).");
    }

    [Fact]
    public async Task Metrics_SeveralAttempts_AreCounted()
    {
        using var handler = new ScriptedHandler(
            ScriptedHandler.Stream("data: a\n\ndata: b\n\n"), ScriptedHandler.Status(503), ScriptedHandler.Stream("data: c\n\n"));
        var client = TestClient.NewWithoutWaits(handler);
        await client.ReadAsync(TestClient.Uri).ToArrayAsync();
        var before = Measure();

        using var second = new ScriptedHandler(
            ScriptedHandler.Stream("data: a\n\ndata: b\n\n"),
            ScriptedHandler.Status(503),
            ScriptedHandler.Status(503),
            ScriptedHandler.Stream("data: c\n\n"));
        await using var events = TestClient.NewWithoutWaits(second).ReadAsync(TestClient.Uri).GetAsyncEnumerator();
        await events.NextAsync();
        (Measure()["server_sent_events.client.connections"] - before["server_sent_events.client.connections"]).Should().Be(1);
        await events.NextAsync();
        await events.NextAsync();
        await events.ShouldEndAsync();

        var after = Measure();
        after.Where(pair => pair.Value != before[pair.Key]).Select(pair => (pair.Key, pair.Value - before[pair.Key])).Should().BeEquivalentTo(
        [
            ("server_sent_events.client.events", 3L),
            ("server_sent_events.client.attempts.ended end_of_stream", 2L),
            ("server_sent_events.client.attempts.ended unexpected_status", 2L),
            ("server_sent_events.client.attempts.ended no_content", 1L),
        ]);
        const string ended = "server_sent_events.client.attempts.ended";
        after.Keys.Should().BeEquivalentTo(
            "server_sent_events.client.connections",
            "server_sent_events.client.events",
            $"{ended} end_of_stream",
            $"{ended} connection_failed",
            $"{ended} stalled",
            $"{ended} unexpected_status",
            $"{ended} unexpected_content_type",
            $"{ended} event_too_large",
            $"{ended} no_content");
    }

    [Fact]
    public async Task Metrics_AListener_SeesTheUnits()
    {
        var units = new Dictionary<string, string?>();
        using var handler = ScriptedHandler.Of("data: a\n\n");
        await TestClient.ReadAllAsync(handler);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents.Client")
                units[instrument.Name] = instrument.Unit;
        };

        listener.StartUntilDisposed();

        units.Should().BeEquivalentTo(new Dictionary<string, string?>
        {
            ["server_sent_events.client.connections"] = "{connection}",
            ["server_sent_events.client.events"] = "{event}",
            ["server_sent_events.client.attempts.ended"] = "{attempt}",
        });
    }

    [Fact]
    public async Task Metrics_AListenerThrowsWhenTheyAreCreated_ClientsWork()
    {
        var newClient = LoadAgain();
        var isThrowing = false;
        using var throwing = new MeterListener();
        throwing.InstrumentPublished = (instrument, _) =>
        {
            if (isThrowing && instrument.Meter.Name == "ServerSentEvents.Client")
                throw new FormatException();
        };
        throwing.StartUntilDisposed();
        isThrowing = true;

        await newClient.Awaiting(UseAClientAsync).Should().NotThrowAsync();
    }

    [Fact]
    public async Task Metrics_AListenerWaitsForAThreadThatUsesAClientWhenTheyAreCreated_DoesNotBlock()
    {
        var newClient = LoadAgain();
        var isListening = false;
        var failures = new List<Exception?>();
        using var waiting = new MeterListener();
        waiting.InstrumentPublished = (instrument, _) =>
        {
            if (!isListening || instrument.Meter.Name != "ServerSentEvents.Client")
                return;
            failures.Add(Record.Exception(() => OwnThread.Run(() => UseAClientAsync(newClient).WaitForEnd())));
            // Each failure takes the limit of a wait, so one is enough.
            isListening = failures[^1] is null;
        };
        waiting.StartUntilDisposed();
        isListening = true;

        await UseAClientAsync(newClient);

        // The library ignores exceptions of listeners, so the test keeps them.
        failures.Should().NotBeEmpty().And.OnlyContain(failure => failure == null);
    }

    /// <summary>
    /// Loads the library again, because instruments are created once in a process. Returns a function that creates a client.
    /// </summary>
    private static Func<HttpClient, dynamic> LoadAgain()
    {
        // Create the instruments of the first copy now, so that no other test does later.
        using var http = new HttpClient();
        _ = new EventStreamClient(http);
        var library = new AssemblyLoadContext(name: null).LoadFromAssemblyPath(typeof(EventStreamClient).Assembly.Location);
        var type = library.GetType(typeof(EventStreamClient).FullName!)!;
        return http => Activator.CreateInstance(type, http, null)!;
    }

    private static async Task UseAClientAsync(Func<HttpClient, dynamic> newClient)
    {
        using var http = new HttpClient(ScriptedHandler.Of("data: a\n\n"));
        var client = newClient(http);
        IAsyncEnumerable<SseItem<string>> stream = client.ReadAsync(TestClient.Uri, CancellationToken.None);
        await using var events = stream.GetAsyncEnumerator();
        (await events.NextAsync()).Data.Should().Be("a");
    }

    private static Dictionary<string, long> Measure()
    {
        var values = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents.Client")
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (tags.Length > 0)
                tags[0].Key.Should().Be("reason");
            var name = tags.Length == 0 ? instrument.Name : $"{instrument.Name} {tags[0].Value}";
            // A second copy of the library in this process has instruments of the same names.
            values[name] = values.GetValueOrDefault(name) + value;
        });
        listener.StartUntilDisposed();
        listener.RecordObservableInstruments();
        return values;
    }

    /// <summary>A server in memory whose responses do not name their requests. It answers by a stream and then by 204.</summary>
    private sealed class HandlerWithoutAddress : HttpMessageHandler
    {
        private int _requests;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(++_requests == 1
                ? ScriptedHandler.Response(new ScriptedBody([]))
                : new HttpResponseMessage(HttpStatusCode.NoContent));
    }
}
