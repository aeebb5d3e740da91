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
    internal const int StepSize = 1_024;

    /// <summary>The number of channels that are left to visit; more than there are before the first step.</summary>
    internal int ChannelsLeft = int.MaxValue;

    /// <summary>The number of members that are left in the current channel; more than there are before the first one.</summary>
    internal int MembersLeft = int.MaxValue;

    public SubscriberWalk()
    {
    }

    internal readonly bool IsAtEnd => ChannelsLeft == 0;
}
