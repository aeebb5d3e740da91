using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace ServerSentEvents.Internal.Events;

/// <summary>The generated ids of one publisher, or of the stream of a backplane: each stands for a position.</summary>
/// <remarks>Instances are safe to use from any thread.</remarks>
internal abstract class EventIds
{
    internal abstract string Format(long position);

    /// <summary>Returns the length of the id that <see cref="Format"/> makes.</summary>
    internal abstract int LengthOf(long position);

    /// <summary>Reads an id that <see cref="Format"/> made. The id comes from a client and can be anything.</summary>
    internal abstract bool TryParse(string id, out long position);
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

    /// <summary>Encrypts positions. Guarded by <see cref="_gate"/>.</summary>
    private readonly ICryptoTransform _encryptor;

    /// <summary>Decrypts ids. Guarded by <see cref="_gate"/>.</summary>
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

    internal override int LengthOf(long position) => IdLength;

    internal override string Format(long position)
    {
        var block = new byte[BlockLength];
        BinaryPrimitives.WriteInt64LittleEndian(block, position);
        lock (_gate)
            _encryptor.TransformBlock(block, 0, BlockLength, block, 0);
        return Convert.ToBase64String(block).TrimEnd('=').Replace('+', '-').Replace('/', '_').Insert(HalfLength, "-");
    }

    internal override bool TryParse(string id, out long position)
    {
        position = 0;
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
        position = BinaryPrimitives.ReadInt64LittleEndian(block);
        // Several texts decode to the same block, but only one of them is an id.
        return string.Equals(Format(position), id, StringComparison.Ordinal);
    }
}

/// <summary>Ids of a backplane's stream, the same on every node: the name of the stream's epoch, and a position in it.</summary>
internal sealed class EpochEventIds : EventIds
{
    private const int NameLength = 16;
    private const int MaxDigits = 18;

    private readonly string _prefix;

    /// <param name="epoch">Sixteen hexadecimal digits.</param>
    internal EpochEventIds(string epoch)
    {
        Debug.Assert(epoch.Length == NameLength, "The name of an epoch has a fixed length.");
        _prefix = epoch + "-";
    }

    internal override string Format(long position) => _prefix + position.ToString(CultureInfo.InvariantCulture);

    internal override int LengthOf(long position)
    {
        var length = _prefix.Length + 1;
        for (; position >= 10; position /= 10)
            length++;
        return length;
    }

    internal override bool TryParse(string id, out long position)
    {
        position = 0;
        const int start = NameLength + 1;
        if (id.Length is <= start or > start + MaxDigits || !id.StartsWith(_prefix, StringComparison.Ordinal))
            return false;

        for (var i = start; i < id.Length; i++)
        {
            if (id[i] is < '0' or > '9')
                return false;
            position = (position * 10) + (id[i] - '0');
        }

        return id[start] != '0' || id.Length == start + 1;
    }
}
