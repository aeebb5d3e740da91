using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>
/// A socket whose packets are lost, as if its machine had lost the network: the system drops what arrives before TCP sees
/// it, so nothing is acknowledged. For Linux, without special rights.
/// </summary>
internal static class DroppedPackets
{
    private const int SocketLevel = 1;
    private const int AttachFilter = 26;

    /// <summary>Drops every packet that arrives at the socket.</summary>
    internal static unsafe void DropFor(Socket socket)
    {
        // A program of the Berkeley Packet Filter with one instruction: return 0, the length to keep.
        var instruction = new Instruction { Code = 0x06 };
        var program = new Program { Length = 1, Instructions = (nint)(&instruction) };
        socket.SetRawSocketOption(SocketLevel, AttachFilter, new ReadOnlySpan<byte>(&program, sizeof(Program)));
    }

    /// <summary>The structure <c>sock_filter</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Instruction
    {
        internal ushort Code;
        internal byte JumpTrue;
        internal byte JumpFalse;
        internal uint Value;
    }

    /// <summary>The structure <c>sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        internal ushort Length;
        internal nint Instructions;
    }
}
