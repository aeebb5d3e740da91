using System.Threading.Channels;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Channels;

/// <summary>A subscriber's place in a channel.</summary>
/// <param name="Subscriber">The subscriber.</param>
/// <param name="Writer">
/// That of its queue: kept here, so that publishing goes from one queue to the next without a look into the memory of each
/// subscription, which took as long as the writing itself where they are many.
/// </param>
/// <param name="Slot">Where in its <see cref="Subscription{TProperties}.Memberships"/> this channel stands.</param>
internal readonly record struct ChannelMember<TProperties>(Subscription<TProperties> Subscriber, ChannelWriter<Frame> Writer, int Slot);
