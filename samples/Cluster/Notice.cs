namespace Cluster;

/// <summary>Something that happens to a node, in the stream among the messages.</summary>
/// <param name="Node">Which one.</param>
/// <param name="What">What, in words.</param>
/// <param name="At">When, by the clock of the node that says so.</param>
/// <param name="Stop">The run that is to stop by it: a node that is started again is another run, and reads on.</param>
internal sealed record Notice(string Node, string What, DateTimeOffset At, Guid? Stop = null);
