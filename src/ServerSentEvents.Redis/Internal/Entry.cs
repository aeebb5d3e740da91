using StackExchange.Redis;

namespace ServerSentEvents.Redis.Internal;

/// <summary>A message of a stream.</summary>
internal readonly record struct Entry(EntryId Id, ReadOnlyMemory<byte> Message)
{
    /// <summary>
    /// Returns the messages in the answer to XREAD of one stream. The answer has the key and an array of entries; an entry has
    /// its id and an array of a field and a value.
    /// </summary>
    internal static List<Entry> Parse(RedisResult answer)
    {
        var entries = new List<Entry>();
        if (answer.IsNull)
            return entries;
        // RESP3 has a map of keys, and RESP2 an array of pairs.
        var stream = answer.Resp3Type == ResultType.Map ? answer[1] : answer[0][1];
        for (var index = 0; index < stream.Length; index++)
        {
            var entry = stream[index];
            entries.Add(new Entry(EntryId.Parse((RedisValue)entry[0]), (RedisValue)entry[1][1]));
        }

        return entries;
    }
}
