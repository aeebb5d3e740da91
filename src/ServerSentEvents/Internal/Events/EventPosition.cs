using System.Runtime.InteropServices;

namespace ServerSentEvents.Internal.Events;

/// <summary>The place of an event in the order of a publisher, or in the stream of a backplane.</summary>
/// <param name="Value">The number that orders events.</param>
/// <param name="Check">
/// A check of the stream's message at that place, which tells it from the message at the same place of another stream; 0
/// without a backplane.
/// </param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EventPosition(long Value, uint Check = 0);
