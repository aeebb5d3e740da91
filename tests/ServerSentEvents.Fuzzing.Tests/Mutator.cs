using System.Buffers.Binary;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>Changes inputs at random places.</summary>
internal sealed class Mutator(Random random, byte[][] tokens)
{
    private const int MaxLength = 8 * 1024;
    private static readonly byte[] Interesting = [0, 1, 9, 10, 13, 32, 45, 48, 57, 58, 126, 127, 128, 0xBF, 0xC2, 0xE2, 0xEF, 0xFE, 0xFF];

    internal byte[] Change(byte[] input, byte[] other)
    {
        List<byte> bytes = [.. input];
        for (var changes = 1 << random.Next(5); changes > 0; changes--)
            ChangeOnce(bytes, other);
        // Long inputs show what grows faster than an input. They are slow, so there are few.
        if (random.Next(32) == 0)
            bytes.InsertRange(random.Next(bytes.Count + 1), Repeat(tokens[random.Next(tokens.Length)], random.Next(MaxLength)));
        if (bytes.Count > MaxLength)
            bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        return [.. bytes];
    }

    private static IEnumerable<byte> Repeat(byte[] token, int length) =>
        Enumerable.Range(0, length).Select(i => token[i % token.Length]);

    private void ChangeOnce(List<byte> bytes, byte[] other)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(1 << random.Next(8), bytes.Count - at);
        switch (random.Next(8))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = Interesting[random.Next(Interesting.Length)];
                break;
            case 2 when at < bytes.Count:
                bytes[at] = (byte)(bytes[at] + random.Next(-4, 5));
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4 when bytes.Count <= MaxLength:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 5 when other.Length > 0:
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other[from..Math.Min(other.Length, from + (1 << random.Next(8)))]);
                break;
            case 6 when bytes.Count - at >= sizeof(int):
                Span<byte> number = stackalloc byte[sizeof(int)];
                BinaryPrimitives.WriteInt32BigEndian(number, random.Next(4) == 0 ? random.Next() : bytes.Count - at - random.Next(6));
                for (var i = 0; i < number.Length; i++)
                    bytes[at + i] = number[i];
                break;
            default:
                bytes.InsertRange(at, tokens[random.Next(tokens.Length)]);
                break;
        }
    }
}
