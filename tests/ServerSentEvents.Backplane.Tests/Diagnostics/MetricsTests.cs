using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.Loader;
using ServerSentEvents.Backplane.Internal.Diagnostics;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Diagnostics;

/// <summary>Tests the instruments and their tags. Each test has another broker, because all tests share the meter.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly string _broker = $"broker-{Guid.NewGuid():N}";
    private readonly ConcurrentDictionary<string, double> _measured = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string?> _units = new(StringComparer.Ordinal);
    private readonly InMemoryStream _stream;
    private readonly MeterListener _listener = new();

    public MetricsTests()
    {
        _stream = new InMemoryStream("orders", _broker);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents.Backplane")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measure(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measure(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Instruments_ARunningNode_HaveTheirNamesUnitsAndTags()
    {
        await using (await TestNode.StartAsync(_stream))
        {
            _listener.RecordObservableInstruments();
        }

        _units.Should().BeEquivalentTo(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["events.published"] = "{event}",
            ["events.confirmed"] = "{event}",
            ["events.delivered"] = "{event}",
            ["messages.redelivered"] = "{message}",
            ["messages.skipped"] = "{message}",
            ["messages.damaged"] = "{message}",
            ["gaps"] = "{gap}",
            ["reconnects direction=publishing"] = "{connection}",
            ["reconnects direction=reading"] = "{connection}",
            ["lag stream=orders"] = "s",
        });
        _measured.Clear();
        _listener.RecordObservableInstruments();
        _measured.Keys.Should().NotContain("lag stream=orders", "the node is disposed");
    }

    [Fact]
    public async Task Counters_EventsAndMessages_AreCounted()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a", 3);
        await client.NextAsync(3);
        _stream.Append(_stream.Messages[^1]);
        _stream.Append([MessageFormat.Version + 1]);
        _stream.Append([MessageFormat.Version]);
        await node.PublishAsync("b");
        await Limits.UntilAsync(() => Measured("events.delivered") == 4 && Measured("events.confirmed") == 4);

        new[] { "events.published", "events.confirmed" }.Select(Measured).Should().AllBeEquivalentTo(4);
        new[] { "messages.redelivered", "messages.skipped", "messages.damaged" }.Select(Measured).Should().AllBeEquivalentTo(1);
        Measured("gaps").Should().Be(2, "clients miss the events of messages that cannot be read");
        new[] { "reconnects direction=publishing", "reconnects direction=reading" }.Select(Measured).Should().AllBeEquivalentTo(0);
    }

    [Fact]
    public async Task Counters_EventsReadBack_AreNotCountedAsDelivered()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await node.PublishAsync("a", 3);
        await Limits.UntilAsync(() => Measured("events.delivered") == 3);

        await using var late = await TestNode.StartAsync(_stream);

        Measured("events.delivered").Should().Be(3);
    }

    [Fact]
    public async Task Counters_CutAndReplacedStream_AreCounted()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await node.PublishAsync("a");
        await Limits.UntilAsync(() => Measured("events.delivered") == 1);

        _stream.Cut();
        await Limits.UntilAsync(() => Measured("reconnects direction=reading") == 1 && Measured("reconnects direction=publishing") == 1);
        Measured("gaps").Should().Be(0);
        _stream.Replace();
        await Limits.UntilAsync(() => Measured("gaps") == 1 && Measured("reconnects direction=reading") == 2);
    }

    [Fact]
    public async Task Counters_MessagesWereRemovedDuringAnOutage_CountOneGap()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await node.PublishAsync("a");
        await Limits.UntilAsync(() => Measured("events.delivered") == 1);

        _stream.Stop();
        for (var number = 1UL; number <= 3; number++)
            _stream.Append(RawMessage.Of(new MessageId(7, number), data: "removed, except for the last one"));
        _stream.KeepLast(1);
        _stream.Start();

        await Limits.UntilAsync(() => Measured("events.delivered") == 2);
        Measured("gaps").Should().Be(1);
    }

    [Fact]
    public async Task Counters_OriginalOfARetransmissionMayBeBeforeTheStart_CountOneGap()
    {
        _stream.Append(RawMessage.Of(new MessageId(7, 1)));
        _stream.Append(RawMessage.Of(new MessageId(7, 2)));
        _stream.KeepLast(1);
        await using var late = await TestNode.StartAsync(_stream);

        _stream.Append(RawMessage.Of(new MessageId(77, 5), isRetransmission: true, "m", "n"));
        await late.PublishAsync("after");

        await Limits.UntilAsync(() => Measured("events.delivered") == 1);
        Measured("gaps").Should().Be(1);
    }

    [Fact]
    public async Task Counters_BrokerLostAConfirmedMessageThatWasNotRead_CountOneGap()
    {
        var changed = new ChangedTransport(_stream);
        await using var node = await TestNode.StartAsync(changed);
        await using var client = node.Connect();
        await node.PublishAsync("kept");
        await client.NextAsync();
        var kept = _stream.Messages.ToArray();

        changed.StopReceiving();
        await node.PublishAsync("lost");
        await Limits.UntilAsync(() => changed.Confirmations == 2);
        _stream.Replace(kept);

        await client.RestAsync();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        Measured("gaps").Should().Be(1);
    }

    [Fact]
    public async Task Lag_Outage_GrowsAndFalls()
    {
        var time = new FakeTimeProvider();
        await using var node = await time.StartNodeAsync(_stream);
        _stream.Stop();
        await Limits.UntilAsync(() =>
        {
            time.AdvanceSeconds(1);
            return Measured("lag stream=orders") >= 20;
        });

        _stream.Start();
        await time.AdvanceUntilAsync(() => node.Backplane.IsCaughtUp);
        Measured("lag stream=orders").Should().BeLessThan(20);
    }

    [Fact]
    public async Task Lag_NodesThatAreDisposedAtOnce_LeaveNothing()
    {
        for (var round = 0; round < 200; round++)
            await TestNode.Start(_stream).DisposeAsync();

        Measured("lag stream=orders").Should().Be(0);
        _measured.Keys.Should().NotContain("lag stream=orders");
    }

    [Fact]
    public async Task Listener_Throws_NodeGoesOn()
    {
        using var bad = new MeterListener { InstrumentPublished = _listener.InstrumentPublished };
        bad.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidOperationException("of a listener"));
        bad.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("of a listener"));
        bad.Start();

        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.PublishAsync("a");

        bad.Invoking(it => it.RecordObservableInstruments()).Should().Throw<Exception>("the listener throws");
        (await client.NextAsync()).Data.Should().Be("a");
        node.Log.Warnings.Should().BeEmpty();
    }

    [Fact]
    public async Task Instruments_AListenerThrowsWhenTheyAreCreated_NodesWork()
    {
        var start = LoadAgain();
        var isThrowing = false;
        using var throwing = new MeterListener();
        throwing.InstrumentPublished = (instrument, _) =>
        {
            if (isThrowing && instrument.Meter.Name == "ServerSentEvents.Backplane")
                throw new FormatException();
        };
        throwing.StartUntilDisposed();
        isThrowing = true;

        await start.Awaiting(UseANodeAsync).Should().NotThrowAsync();
    }

    [Fact]
    public async Task Instruments_AListenerWaitsForAThreadThatUsesANodeWhenTheyAreCreated_DoesNotBlock()
    {
        var start = LoadAgain();
        var isListening = false;
        var failures = new List<Exception?>();
        using var waiting = new MeterListener();
        waiting.InstrumentPublished = (instrument, _) =>
        {
            if (!isListening || instrument.Meter.Name != "ServerSentEvents.Backplane")
                return;
            failures.Add(Record.Exception(() => OwnThread.Run(() => UseANodeAsync(start).WaitForEnd())));
            // Each failure takes the limit of a wait, so one is enough.
            isListening = failures[^1] is null;
        };
        waiting.StartUntilDisposed();
        isListening = true;

        await UseANodeAsync(start);

        // The library ignores exceptions of listeners, so the test keeps them.
        failures.Should().NotBeEmpty().And.OnlyContain(failure => failure == null);
    }

    /// <summary>
    /// Loads the library again, because instruments are created once in a process. Returns a function that starts a node.
    /// </summary>
    private static Func<dynamic> LoadAgain()
    {
        // Create the instruments of the first copy now, so that no other test does later.
        BrokerMetrics.For("memory");
        var context = new AssemblyLoadContext(name: null);
        context.LoadFromAssemblyPath(typeof(StreamPublisher).Assembly.Location);
        var contract = context.LoadFromAssemblyPath(typeof(TestNode).Assembly.Location);
        var stream = Activator.CreateInstance(contract.GetType(typeof(InMemoryStream).FullName!)!, "orders", "memory");
        var start = contract.GetType(typeof(TestNode).FullName!)!.GetMethod(nameof(TestNode.Start))!;
        return () => start.Invoke(obj: null, BindingFlags.DoNotWrapExceptions, binder: null, [stream, null], culture: null)!;
    }

    private static async Task UseANodeAsync(Func<dynamic> start)
    {
        var node = start();
        await (Task)node.PublishAsync("a");
        await (ValueTask)node.DisposeAsync();
    }

    private double Measured(string name)
    {
        _listener.RecordObservableInstruments();
        return _measured.GetValueOrDefault(name);
    }

    private void Measure(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!tags.ToArray().Contains(new("broker", _broker)))
            return;
        instrument.Name.Should().StartWith("server_sent_events.backplane.");
        var name = instrument.Name["server_sent_events.backplane.".Length..];
        foreach (var tag in tags)
            name += tag.Key == "broker" ? "" : $" {tag.Key}={tag.Value}";
        _measured[name] = value;
        _units[name] = instrument.Unit;
    }
}
