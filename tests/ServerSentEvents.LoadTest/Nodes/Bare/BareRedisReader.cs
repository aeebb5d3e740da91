using StackExchange.Redis;

namespace ServerSentEvents.LoadTest.Nodes.Bare;

/// <summary>Reads a Redis stream from its start.</summary>
internal static class BareRedisReader
{
    private const int Count = 500;
    private const int BlockMilliseconds = 2000;

    /// <summary>Reads until the connection is closed.</summary>
    internal static async Task RunAsync(IDatabase database, RedisKey stream, Inbox inbox)
    {
        try
        {
            for (RedisValue last = "0-0"; ;)
            {
                var answer = await database.ExecuteAsync("XREAD", ["COUNT", Count, "BLOCK", BlockMilliseconds, "STREAMS", stream, last]);
                if (answer.IsNull)
                    continue;
                // RESP3 has a map of keys, and RESP2 an array of pairs.
                var entries = answer.Resp3Type == ResultType.Map ? answer[1] : answer[0][1];
                for (var i = 0; i < entries.Length; i++)
                {
                    last = (RedisValue)entries[i][0];
                    ReadOnlyMemory<byte> message = (RedisValue)entries[i][1][1];
                    SharedEntry.Receive(message.Span, inbox);
                }
            }
        }
        catch (Exception exception)
        {
            inbox.Fail(exception);
        }
    }
}
