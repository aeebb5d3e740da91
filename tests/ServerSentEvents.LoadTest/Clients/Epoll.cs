using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>Waits for whichever of many sockets have something to read, by one thread and one system call for all of them.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int Add = 1;
    private const int Readable = 1;
    private const int MostAtOnce = 1024;
    private const int KeyOffsetPacked = 4;
    private const int KeyOffsetAligned = 8;

    /// <summary>The entry is packed on x64 and on nothing else.</summary>
    private static readonly int KeyOffset =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? KeyOffsetPacked : KeyOffsetAligned;

    private static readonly int EntrySize = KeyOffset + sizeof(long);

    private readonly int _descriptor = Libc.EpollCreate(0);
    private readonly byte[] _entries = new byte[MostAtOnce * EntrySize];

    /// <summary>Watches a socket, which <see cref="Key"/> will name by the key.</summary>
    internal void Watch(int socket, int key)
    {
        var entry = stackalloc byte[EntrySize];
        var span = new Span<byte>(entry, EntrySize);
        BinaryPrimitives.WriteInt32LittleEndian(span, Readable);
        BinaryPrimitives.WriteInt64LittleEndian(span[KeyOffset..], key);
        if (Libc.EpollControl(_descriptor, Add, socket, entry) != 0)
            throw new Win32Exception();
    }

    /// <summary>How many sockets can be read; 0 when the time has passed without one.</summary>
    internal int Wait(TimeSpan limit)
    {
        fixed (byte* entries = _entries)
            return Math.Max(0, Libc.EpollWait(_descriptor, entries, MostAtOnce, (int)limit.TotalMilliseconds));
    }

    /// <summary>The key of one of those that can be read.</summary>
    internal int Key(int index) => (int)BinaryPrimitives.ReadInt64LittleEndian(_entries.AsSpan((index * EntrySize) + KeyOffset));

    public void Dispose() => _ = Libc.Close(_descriptor);
}
