using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ServerSentEvents.Internal.Events;

/// <summary>The generated ids of one publisher, or of the stream of a backplane: each stands for a position.</summary>
/// <remarks>Instances are safe to use from any thread.</remarks>
internal abstract class EventIds
{
    internal abstract string Format(EventPosition position);

    /// <summary>Returns the length of the id that <see cref="Format"/> makes.</summary>
    internal abstract int LengthOf(EventPosition position);

    /// <summary>Reads an id that <see cref="Format"/> made. The id comes from a client and can be anything.</summary>
    internal abstract bool TryParse(string id, out EventPosition position);

    /// <summary>
    /// Returns true if the history has had this position, or if it is after the end and may still come. Returns false otherwise,
    /// also if the history no longer knows.
    /// </summary>
    internal virtual bool IsKnownOrAhead(EventPosition position) => true;
}

/// <summary>
/// Ids that only this publisher can make or read. A client can neither forge a position nor see from its ids how much is
/// published in other channels.
/// </summary>
/// <remarks>
/// An id is the position, padded to one block of AES and encrypted with a random key. It is valid if it decrypts to a
/// position with this padding.
/// </remarks>
internal sealed class SealedEventIds : EventIds
{
    private const int BlockLength = 16;
    private const int HalfLength = 11;
    private const int IdLength = HalfLength + 1 + HalfLength;

    private readonly Lock _gate = new();

    /// <summary>The cipher that encrypts positions. Guarded by <see cref="_gate"/>.</summary>
    private readonly ICryptoTransform _encryptor;

    /// <summary>The cipher that decrypts ids. Guarded by <see cref="_gate"/>.</summary>
    private readonly ICryptoTransform _decryptor;

    internal SealedEventIds()
    {
        using var aes = Aes.Create();
        // Each id is one block, and no two positions are equal. So ECB reveals nothing that chaining would hide.
        aes.Mode = CipherMode.ECB;
        aes.Padding = PaddingMode.None;
        _encryptor = aes.CreateEncryptor();
        _decryptor = aes.CreateDecryptor();
    }

    internal override int LengthOf(EventPosition position) => IdLength;

    internal override string Format(EventPosition position)
    {
        var block = new byte[BlockLength];
        BinaryPrimitives.WriteInt64LittleEndian(block, position.Value);
        lock (_gate)
            _encryptor.TransformBlock(block, 0, BlockLength, block, 0);
        return Convert.ToBase64String(block).TrimEnd('=').Replace('+', '-').Replace('/', '_').Insert(HalfLength, "-");
    }

    internal override bool TryParse(string id, out EventPosition position)
    {
        position = default;
        if (id.Length != IdLength || id[HalfLength] != '-')
            return false;

        byte[] block;
        try
        {
            block = Convert.FromBase64String(id.Remove(HalfLength, 1).Replace('-', '+').Replace('_', '/') + "==");
        }
        catch (FormatException)
        {
            return false;
        }

        if (block.Length != BlockLength)
            return false;
        lock (_gate)
            _decryptor.TransformBlock(block, 0, BlockLength, block, 0);
        position = new(BinaryPrimitives.ReadInt64LittleEndian(block));
        // Several texts decode to the same block, but only one of them is an id.
        return string.Equals(Format(position), id, StringComparison.Ordinal);
    }
}

/// <summary>The place of an event in the order of a publisher, or in the stream of a backplane.</summary>
/// <param name="Value">The number that orders events.</param>
/// <param name="Check">
/// A check of the stream's message at that place, which tells it from the message at the same place of another stream; 0
/// without a backplane.
/// </param>
internal readonly record struct EventPosition(long Value, uint Check = 0);
