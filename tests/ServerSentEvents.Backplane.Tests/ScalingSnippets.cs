using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ServerSentEvents.Backplane.Tests;

/// <summary>Contains, word for word, the code that SCALING.md shows.</summary>
public sealed class ScalingSnippets
{
    private const int Partitions = 8;

    [Fact]
    public void PartitionOf_ManyChannels_AreSpreadOverAllPartitions()
    {
        static int PartitionOf(string channel) =>
            (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(channel))) % Partitions);

        var partitions = Enumerable.Range(0, 1_000).Select(number => PartitionOf($"channel {number}")).ToList();

        partitions.Distinct().Should().BeEquivalentTo(Enumerable.Range(0, Partitions));
        // SHA-256 of "abc" starts with ba7816bf (FIPS 180-2), whatever the process.
        PartitionOf("abc").Should().Be((int)(0xba7816bf % Partitions));
    }
}
