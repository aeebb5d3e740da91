using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ServerSentEvents.LoadTest;

/// <summary>Waits for many sockets with one thread and one system call.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int Add = 1;
    private const int Readable = 1;
    private const int MostAtOnce = 1024;
    private const int KeyOffsetPacked = 4;
    private const int KeyOffsetAligned = 8;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The entry is packed on x64 only.</summary>
    private static readonly int KeyOffset =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? KeyOffsetPacked : KeyOffsetAligned;

    private static readonly int EntrySize = KeyOffset + sizeof(long);

    private readonly int _descriptor = Libc.EpollCreate(0);
    private readonly byte[] _entries = new byte[MostAtOnce * EntrySize];

    /// <summary>Watches a socket. <see cref="Key"/> returns the key of a socket that can be read.</summary>
    internal void Watch(int socket, int key)
    {
        var entry = stackalloc byte[EntrySize];
        var span = new Span<byte>(entry, EntrySize);
        BinaryPrimitives.WriteInt32LittleEndian(span, Readable);
        BinaryPrimitives.WriteInt64LittleEndian(span[KeyOffset..], key);
        if (Libc.EpollControl(_descriptor, Add, socket, entry) != 0)
            throw new Win32Exception();
    }

    /// <summary>Waits for sockets and returns the number of sockets that can be read, or 0 after the limit.</summary>
    internal int Wait(TimeSpan limit)
    {
        var count = Take();
        if (count > 0 || limit <= TimeSpan.Zero)
            return count;

        // epoll_wait counts in milliseconds, which is too coarse for events at fixed times.
        var nanoseconds = (long)limit.TotalNanoseconds;
        var time = new Libc.TimeSpec
        {
            Seconds = (nint)(nanoseconds / NanosecondsPerSecond),
            Nanoseconds = (nint)(nanoseconds % NanosecondsPerSecond),
        };
        var entry = new Libc.PollEntry { Descriptor = _descriptor, Events = Readable };
        return Libc.Poll(&entry, 1, &time, null) > 0 ? Take() : 0;
    }

    /// <summary>Returns the key of a socket that can be read.</summary>
    internal int Key(int index) => (int)BinaryPrimitives.ReadInt64LittleEndian(_entries.AsSpan((index * EntrySize) + KeyOffset));

    public void Dispose() => _ = Libc.Close(_descriptor);

    private int Take()
    {
        fixed (byte* entries = _entries)
            return Math.Max(0, Libc.EpollWait(_descriptor, entries, MostAtOnce, 0));
    }
}
