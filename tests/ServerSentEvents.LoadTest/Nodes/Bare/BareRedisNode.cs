using System.Buffers;
using System.Threading.Channels;
using StackExchange.Redis;

namespace ServerSentEvents.LoadTest.Nodes.Bare;

/// <summary>
/// A node that uses StackExchange.Redis alone. Events share entries as the backplane's events share messages: at most 64
/// entries are unconfirmed, and events that wait share the next entry. Another connection reads.
/// </summary>
internal sealed class BareRedisNode : INode
{
    private const int MostUnconfirmed = 64;

    private static readonly UnboundedChannelOptions OneWriter = new() { SingleReader = true, SingleWriter = true };

    /// <summary>The number of entries that the backplane keeps.</summary>
    private static readonly StreamAddOptions Adding = new() { MaxLength = 100_000, Approximate = true };

    private readonly Channel<string> _events = Channel.CreateUnbounded<string>(OneWriter);

    /// <summary>The unconfirmed entries, each with the number of its last event. The reader holds one more entry.</summary>
    private readonly Channel<(Task Entry, ulong Event)> _entries =
        Channel.CreateBounded<(Task, ulong)>(new BoundedChannelOptions(MostUnconfirmed - 1) { SingleReader = true, SingleWriter = true });

    private readonly Confirmations _confirmations = new();
    private readonly ConnectionMultiplexer _publishing;
    private readonly ConnectionMultiplexer _reading;
    private readonly string _stream;

    private ulong _published;

    private BareRedisNode(ConnectionMultiplexer publishing, ConnectionMultiplexer reading, string stream, Inbox inbox)
    {
        (_publishing, _reading, _stream, Inboxes) = (publishing, reading, stream, [inbox]);
        _ = RunAsync(SendAsync);
        _ = RunAsync(ConfirmAsync);
        _ = BareRedisReader.RunAsync(reading.GetDatabase(), stream, inbox);
    }

    public IReadOnlyList<Inbox> Inboxes { get; }

    internal static async Task<INode> ConnectAsync(ConfigurationOptions configuration, string stream, Inbox inbox) =>
        new BareRedisNode(
            await ConnectionMultiplexer.ConnectAsync(configuration), await ConnectionMultiplexer.ConnectAsync(configuration), stream, inbox);

    public async ValueTask PublishAsync(string data, int inFlight)
    {
        if (++_published > (ulong)inFlight)
            await _confirmations.ReachedAsync(_published - (ulong)inFlight);
        _events.Writer.TryWrite(data);
    }

    public Task FlushAsync() => _confirmations.ReachedAsync(_published);

    public async ValueTask DisposeAsync()
    {
        _events.Writer.Complete();
        await _publishing.DisposeAsync();
        await _reading.DisposeAsync();
    }

    private async Task RunAsync(Func<Task> loop)
    {
        try
        {
            await loop();
        }
        catch (Exception exception)
        {
            _confirmations.Fail(exception);
        }
    }

    private async Task SendAsync()
    {
        var (database, buffer, sent) = (_publishing.GetDatabase(), new ArrayBufferWriter<byte>(), 0UL);
        while (await _events.Reader.WaitToReadAsync() && await _entries.Writer.WaitToWriteAsync())
        {
            var entry = SharedEntry.Encode(buffer, _events.Reader, out var count);
            sent += (ulong)count;
            _entries.Writer.TryWrite((database.StreamAddAsync(_stream, SharedEntry.Field, entry, Adding), sent));
        }

        _entries.Writer.Complete();
    }

    private async Task ConfirmAsync()
    {
        await foreach (var (entry, number) in _entries.Reader.ReadAllAsync())
        {
            await entry;
            _confirmations.Confirm(number, all: true);
        }
    }
}
