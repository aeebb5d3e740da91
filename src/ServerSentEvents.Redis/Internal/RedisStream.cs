using StackExchange.Redis;

namespace ServerSentEvents.Redis.Internal;

/// <summary>The commands on one stream. All go to the master, because a replica may be behind.</summary>
/// <remarks>A message is the value of the only field of an entry.</remarks>
internal sealed class RedisStream(RedisConnection connection, RedisKey key, int? maxLength, bool staysOnServer = false)
{
    private const string MessageField = "m";
    private const string CreationField = "created";

    private readonly StreamAddOptions _adding = new() { CreateStream = false, MaxLength = maxLength, Approximate = true };

    internal RedisConnection Connection { get; } = connection;

    private IDatabase Database => Connection.Database;

    /// <summary>Creates the stream if there is none. If Redis takes no writes for now, this has no effect.</summary>
    internal async Task CreateAsync(CancellationToken cancellationToken)
    {
        try
        {
            var options = new StreamAddOptions { MessageId = EntryId.Creation.ToString(), CreateStream = true };
            await Database.StreamAddAsync(key, CreationField, 1, options, CommandFlags.DemandMaster)
                .AnswerAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (RedisErrors.IsExistingStream(exception) || RedisErrors.IsBlocked(exception))
        {
            // The stream exists. Or Redis takes no writes now: if there is no stream, the first append says so.
        }
    }

    /// <summary>Appends a message.</summary>
    /// <exception cref="IOException">The stream was deleted, or there is no answer.</exception>
    internal async Task<EntryId> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        // WAIT asks the server that is watched. No other server may append the message.
        var flags = staysOnServer ? CommandFlags.DemandMaster | CommandFlags.NoRedirect : CommandFlags.DemandMaster;
        var id = await Database.StreamAddAsync(key, MessageField, message, _adding, flags).AnswerAsync(cancellationToken).ConfigureAwait(false);
        return id.IsNull ? throw new IOException("The stream was deleted.") : EntryId.Parse(id);
    }

    /// <summary>Waits until replicas have what this connection has appended. Returns how many have it.</summary>
    internal async Task<int> WaitAsync(int replicas, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var waiting = Connection.ServerOf(key, isExact: true).ExecuteAsync("WAIT", [replicas, Milliseconds(timeout)]);
        return (int)await waiting.AnswerAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for an answer, which can be an error.</summary>
    internal async Task PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Connection.ServerOf(key).PingAsync().AnswerAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (RedisErrors.IsAnswer(exception))
        {
            // The server is there.
        }
    }

    /// <summary>Returns entries after an id, and waits for a while if there are none.</summary>
    internal Task<RedisResult> ReadAsync(EntryId after, int count, TimeSpan timeout) => Database.ExecuteAsync(
        "XREAD",
        ["COUNT", count, "BLOCK", Milliseconds(timeout), "STREAMS", key, after.ToString()],
        CommandFlags.DemandMaster);

    /// <summary>Returns the entry with an id, or none.</summary>
    internal Task<StreamEntry[]> FindAsync(EntryId id) =>
        Database.StreamRangeAsync(key, id.ToString(), id.ToString(), 1, flags: CommandFlags.DemandMaster);

    /// <summary>Returns true if the entry is the first one that the stream had after its creation.</summary>
    internal async Task<bool> IsFirstAsync(EntryId id, CancellationToken cancellationToken)
    {
        var reading = Database.StreamRangeAsync(key, "-", "+", 2, flags: CommandFlags.DemandMaster);
        var oldest = await reading.AnswerAsync(cancellationToken).ConfigureAwait(false);
        return oldest.Length == 2 && EntryId.Parse(oldest[0].Id) == EntryId.Creation && EntryId.Parse(oldest[1].Id) == id;
    }

    /// <summary>Returns the lowest id of the entries that are not older than an age, by the clock of the server.</summary>
    internal async Task<EntryId> FindSinceAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        var time = await Connection.ServerOf(key).TimeAsync().AnswerAsync(cancellationToken).ConfigureAwait(false);
        return EntryId.Since(new DateTimeOffset(time, TimeSpan.Zero).ToUnixTimeMilliseconds(), age);
    }

    /// <summary>Removes the messages before an id. The entry that creates the stream goes only together with one of them.</summary>
    internal async Task TrimAsync(EntryId first, CancellationToken cancellationToken)
    {
        var reading = Database.StreamRangeAsync(key, $"({EntryId.Creation}", $"({first}", 1, flags: CommandFlags.DemandMaster);
        var hasOlder = (await reading.AnswerAsync(cancellationToken).ConfigureAwait(false)).Length > 0;
        // Trim even if there is nothing to remove, so that a missing permission shows.
        var lowest = hasOlder ? first : EntryId.Creation;
        await Database.StreamTrimByMinIdAsync(key, lowest.ToString(), flags: CommandFlags.DemandMaster)
            .AnswerAsync(cancellationToken).ConfigureAwait(false);
    }

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;
}
