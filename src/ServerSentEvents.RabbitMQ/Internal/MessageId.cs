using System.Runtime.InteropServices;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>What a message keeps when it is sent again, and no other message has.</summary>
/// <param name="Node">A random number that stands for one backplane of one process, from its start to its end.</param>
/// <param name="Sequence">Counts what that node has sent, from 1.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MessageId(ulong Node, ulong Sequence);
