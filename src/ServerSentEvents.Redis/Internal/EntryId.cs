using System.Buffers.Text;
using System.Globalization;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Internal;

/// <summary>The id of an entry, which Redis gives: its clock in milliseconds, and a number for entries of one millisecond.</summary>
/// <remarks>
/// Redis alone gives the ids (<c>XADD</c> with <c>*</c>). So Redis orders concurrent writers, and no writer needs a clock or coordination.
/// An offset has room for 4,096 entries of one millisecond, from 2020 to 2050. If a clock goes back, Redis keeps the millisecond
/// and counts on. Offsets can then go back later, which the engine takes as a loss.
/// </remarks>
internal readonly record struct EntryId(long Milliseconds, ulong Number)
{
    private const int EntriesInMillisecond = 4_096;

    /// <summary>The first millisecond of 2020.</summary>
    private const long Origin = 1_577_836_800_000;

    /// <summary>
    /// The id of the entry that creates a stream. No other entry has it, and Redis takes it only for a stream that has never
    /// had an entry.
    /// </summary>
    internal static EntryId Creation { get; } = new(0, 1);

    /// <summary>The offset of the entry.</summary>
    /// <exception cref="IOException">The clock of Redis was before 2020.</exception>
    internal long Offset => Milliseconds >= Origin
        ? ((Milliseconds - Origin) * EntriesInMillisecond) + (long)Number
        : throw new IOException($"The entry {this} was added before 2020 by the clock of Redis.");

    /// <summary>The highest id before this one.</summary>
    internal EntryId Previous => Number > 0 ? this with { Number = Number - 1 } : new(Milliseconds - 1, ulong.MaxValue);

    /// <summary>Returns the id of the entry at an offset.</summary>
    internal static EntryId At(long offset) => new(Origin + (offset / EntriesInMillisecond), (ulong)(offset % EntriesInMillisecond));

    /// <summary>Returns the lowest id of the entries that are not older than an age.</summary>
    internal static EntryId Since(long now, TimeSpan age) => new(now - (long)Math.Min(age.TotalMilliseconds, now - 1), 0);

    internal static EntryId Parse(RedisValue value)
    {
        var text = ((ReadOnlyMemory<byte>)value).Span;
        return Utf8Parser.TryParse(text, out long milliseconds, out var length)
            && length < text.Length
            && Utf8Parser.TryParse(text[(length + 1)..], out ulong number, out _)
                ? new EntryId(milliseconds, number)
                : throw new IOException($"Redis gave an entry the id {value}, which is unknown.");
    }

    internal static EntryId Min(EntryId one, EntryId other) =>
        (one.Milliseconds, one.Number).CompareTo((other.Milliseconds, other.Number)) <= 0 ? one : other;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Milliseconds}-{Number}");
}
