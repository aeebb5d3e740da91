using System.Runtime.InteropServices;

namespace ServerSentEvents.Internal.Channels;

/// <summary>
/// A walk over all subscribers, in steps under the registry's lock, so that no thread waits long. A mutable struct: pass it by
/// reference.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct SubscriberWalk
{
    /// <summary>The number of channels and subscribers to look at in one step.</summary>
    internal const int Step = 1_024;

    /// <summary>The number of channels that are left; more than there are before the first step.</summary>
    internal int Channels = int.MaxValue;

    /// <summary>The number of members that are left in the present channel; more than there are before its first one.</summary>
    internal int Members = int.MaxValue;

    public SubscriberWalk()
    {
    }

    internal readonly bool IsAtEnd => Channels == 0;
}
