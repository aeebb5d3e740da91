using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ServerSentEvents.RabbitMQ.Tests.InMemory;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>What a listener to the meter hears. The meter is the process's, so that nothing else may run meanwhile.</summary>
[Collection(nameof(RunAlone))]
public sealed class MetricsTests : IDisposable
{
    private readonly ConcurrentDictionary<string, double> _heard = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _before;
    private readonly MeterListener _listener = new();

    public MetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "ServerSentEvents.RabbitMQ")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _heard[Name(instrument, tags)] = value);
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument is Histogram<double>)
                _heard.AddOrUpdate(Name(instrument, tags), 1, (_, before) => before + 1);
            else
                _heard[Name(instrument, tags)] = value;
        });
        _listener.Start();
        _listener.RecordObservableInstruments();
        _before = _heard.ToDictionary(StringComparer.Ordinal);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Instruments_EachThingThatHappens_IsCounted()
    {
        var stream = new InMemoryStream();
        var transport = new OddTransport(stream);
        await using (var node = await TestNode.StartAsync(transport))
        {
            var taken = new TaskCompletionSource();
            transport.TakeAfter(taken.Task);
            var ahead = node.Backplane.PublishAsync("a");
            await Limits.UntilAsync(() => transport.IsWaiting);
            Task[] together = [ahead, node.Backplane.PublishAsync("b"), node.Backplane.PublishAsync("c")];
            taken.SetResult();
            await Task.WhenAll(together).WithinPatience();
            var again = stream.Messages[^1];
            stream.Append(again);
            stream.Append([2]);
            stream.Append([1]);
            await node.Backplane.PublishAsync("d").WithinPatience();
            stream.Cut();
            await Limits.UntilAsync(() => Heard("reconnects direction=reading") == 1 && Heard("reconnects direction=publishing") == 1);
            stream.Replace();
            await Limits.UntilAsync(() => Heard("gaps") == 1 && node.Backplane.IsCaughtUp);
            stream.Stop();
            await Limits.UntilAsync(() => Heard("lag stream=server-sent-events") > 0.3);
            stream.Start();
            await Limits.UntilAsync(() => node.Backplane.IsCaughtUp && Heard("lag stream=server-sent-events") < 0.3);
        }

        new[] { "events.published", "events.confirmed", "events.delivered", "delivery.duration" }
            .Select(Heard).Should().AllBeEquivalentTo(4);
        new[] { "messages.redelivered", "messages.skipped", "messages.damaged" }.Select(Heard).Should().AllBeEquivalentTo(1);
    }

    [Fact]
    public async Task Listener_Throws_BackplaneGoesOn()
    {
        using var bad = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "ServerSentEvents.RabbitMQ")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        bad.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidOperationException("of a listener"));
        bad.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("of a listener"));
        bad.Start();

        await using var node = await TestNode.StartAsync(new InMemoryStream());
        await using var client = node.Connect();
        await node.Backplane.PublishAsync("a").WithinPatience();

        (await client.NextAsync()).Data.Should().Be("a");
        node.Log.Warnings.Should().BeEmpty();
    }

    private double Heard(string name)
    {
        _listener.RecordObservableInstruments();
        return _heard.GetValueOrDefault(name) - _before.GetValueOrDefault(name);
    }

    private static string Name(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name["server_sent_events.rabbitmq.".Length..];
        foreach (var tag in tags)
            name += $" {tag.Key}={tag.Value}";
        return name;
    }
}
