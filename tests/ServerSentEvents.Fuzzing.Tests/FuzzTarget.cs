using System.Text;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>Code that reads untrusted input, and the properties that hold for each input.</summary>
internal abstract class FuzzTarget
{
    internal abstract string Name { get; }

    /// <summary>Texts that are likely to lead to new branches.</summary>
    internal abstract byte[][] Tokens { get; }

    /// <summary>The inputs besides those of the file: they depend on keys of this process.</summary>
    internal virtual IEnumerable<byte[]> Seeds => [];

    internal abstract long MaxAllocation(int length);

    /// <summary>Runs the code under test on this thread. Returns a function that checks the result.</summary>
    internal abstract Action Run(byte[] input);

    internal static void Check(bool condition, string failure)
    {
        if (!condition)
            throw new InvalidOperationException(failure);
    }

    protected static byte[][] Bytes(params string[] texts) => Array.ConvertAll(texts, Encoding.UTF8.GetBytes);
}
