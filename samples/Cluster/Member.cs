namespace Cluster;

/// <summary>A page that is served by this node.</summary>
/// <param name="id">Made by the page at random, and a secret between it and the nodes: by it a page knows its own messages.</param>
internal sealed class Member(string id)
{
    public string Id { get; } = id;
}
