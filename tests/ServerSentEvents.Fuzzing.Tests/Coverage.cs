using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>The counters of the branches that an input takes, and those that were seen before.</summary>
internal sealed unsafe class Coverage
{
    private const int Counters = 1 << 16;

    /// <summary>For each counter, a bit for each magnitude that was seen.</summary>
    private readonly byte[] _seen = new byte[Counters];

    private static Span<byte> Hits => new(Trace.SharedMem, Counters);

    internal int SeenBranches => _seen.Count(bits => bits != 0);

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The counters must exist before any code under test runs.")]
    internal static void Allocate() => Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(Counters);

    internal static void Clear()
    {
        Hits.Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Adds the branches since <see cref="Clear"/>. Returns whether one of them, or its magnitude, is new.</summary>
    internal bool Add()
    {
        var hits = Hits;
        var isNew = false;
        for (var i = hits.IndexOfAnyExcept((byte)0); i >= 0 && i < Counters;)
        {
            var bit = (byte)(1 << Math.Min(7, 7 - byte.LeadingZeroCount(hits[i])));
            isNew |= (_seen[i] & bit) == 0;
            _seen[i] |= bit;
            var next = hits[(i + 1)..].IndexOfAnyExcept((byte)0);
            i = next < 0 ? Counters : i + 1 + next;
        }

        return isNew;
    }
}
