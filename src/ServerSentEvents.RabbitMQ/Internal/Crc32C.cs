using System.Buffers.Binary;
using System.Numerics;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>The Castagnoli checksum over any number of bytes; the runtime has it for eight at a time.</summary>
internal static class Crc32C
{
    internal static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes)
            checksum = BitOperations.Crc32C(checksum, value);
        return checksum;
    }
}
