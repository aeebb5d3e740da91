using System.Buffers.Binary;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// A stream of random events that were published in different ways, and the events that a client must get. The stream is cut
/// into chunks at random places. Equal seeds give equal streams.
/// </summary>
internal sealed class RandomStream
{
    internal const int LargeEventBytes = 1_000_000;

    private const int LargestChunk = 2_000;

    private static readonly string[] LineEnds = ["\r\n", "\r", "\n"];

    private RandomStream(byte[] bytes, IReadOnlyList<Range> chunks, IReadOnlyList<ParsedEvent> events, IReadOnlyList<ParsedEvent> withOwnIds)
    {
        Bytes = bytes;
        Chunks = chunks;
        Events = events;
        EventsWithOwnIds = withOwnIds;
    }

    internal byte[] Bytes { get; }

    internal IReadOnlyList<Range> Chunks { get; }

    /// <summary>The events, each with the last event id of an <c>EventSource</c>.</summary>
    internal IReadOnlyList<ParsedEvent> Events { get; }

    /// <summary>The events, each with its id. The id is empty if the event has none.</summary>
    internal IReadOnlyList<ParsedEvent> EventsWithOwnIds { get; }

    /// <param name="seed">The seed of all random choices. Each tenth stream has a large event.</param>
    /// <param name="count">The number of events.</param>
    /// <param name="largeEventBytes">The size of the large event.</param>
    internal static async Task<RandomStream> MakeAsync(int seed, int count, int largeEventBytes = LargeEventBytes)
    {
        var random = new Random(seed);
        var items = new RandomItems(seed).Any(count).ToList();
        if (seed % 10 == 0)
            items[count / 2] = new SseItem<string>(string.Concat(Enumerable.Repeat("\r\n:\u2028 x", largeEventBytes / 10)));
        using var publisher = new Publisher(new PublisherOptions { QueueCapacity = int.MaxValue, QueueCapacityBytes = long.MaxValue });
        var subscription = publisher.Subscribe();
        var (withOwnIds, events, lastEventId) = (new List<ParsedEvent>(count), new List<ParsedEvent>(count), "");
        foreach (var item in items)
        {
            if (random.Next(5) == 0)
                publisher.PublishComment(item.Data);
            withOwnIds.Add(Publish(publisher, item, random.Next(4)));
            lastEventId = item.EventId ?? lastEventId;
            events.Add(withOwnIds[^1] with { LastEventId = lastEventId });
        }

        publisher.Close();
        var bytes = await ReadAsync(subscription, asText: seed % 2 == 0);
        return new RandomStream(bytes, Cut(bytes, random), events, withOwnIds);
    }

    /// <summary>Returns the chunks in the format that the script reads.</summary>
    internal byte[] ToInput()
    {
        var input = new MemoryStream();
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var chunk in Chunks.Append(Bytes.Length..))
        {
            var bytes = Bytes.AsSpan(chunk);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            input.Write(length);
            input.Write(bytes);
        }

        return input.ToArray();
    }

    /// <summary>Returns the number of events, and a SHA-256 of types, data and ids.</summary>
    internal static string DigestOf(IEnumerable<ParsedEvent> events)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var count = 0;
        foreach (var each in events)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{each.Type}\u0001{each.Data}\u0001{each.LastEventId}\u0002"));
            count++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{count} {Convert.ToHexStringLower(hash.GetHashAndReset())}");
    }

    /// <summary>Publishes an item in one of four ways, and returns what a client gets.</summary>
    private static ParsedEvent Publish(Publisher publisher, SseItem<string> item, int way)
    {
        switch (way)
        {
            case 0:
                publisher.Publish(item.Data, default, item.EventType, item.EventId);
                return AsReceived(item, item.Data);
            case 1:
                publisher.Publish(item);
                return AsReceived(item, item.Data);
            case 2:
                publisher.Publish(_ => item);
                return AsReceived(item, item.Data);
            default:
                publisher.PublishJson(item.Data, default, item.EventType, item.EventId);
                return AsReceived(item, JsonSerializer.Serialize(item.Data));
        }
    }

    private static ParsedEvent AsReceived(SseItem<string> item, string data) =>
        new(Encoded(item.EventType), string.Join('\n', Encoded(data).Split(LineEnds, StringSplitOptions.None)), item.EventId ?? "");

    /// <summary>Replaces each lone surrogate by U+FFFD, as UTF-8 does.</summary>
    private static string Encoded(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static async Task<byte[]> ReadAsync(Subscription<object?> subscription, bool asText)
    {
        if (asText)
            return Encoding.UTF8.GetBytes(string.Concat(await subscription.ToArrayAsync()));
        var bytes = new MemoryStream();
        await subscription.CopyToAsync(bytes).WaitAsync(Limits.Patience);
        return bytes.ToArray();
    }

    private static List<Range> Cut(byte[] bytes, Random random)
    {
        var chunks = new List<Range>();
        for (var start = 0; start < bytes.Length; start = chunks[^1].End.Value)
        {
            // Half of the chunks are very small. They cut lines, line ends and characters.
            var length = random.Next(1, random.Next(2) == 0 ? 4 : LargestChunk);
            chunks.Add(start..Math.Min(bytes.Length, start + length));
        }

        return chunks;
    }
}
