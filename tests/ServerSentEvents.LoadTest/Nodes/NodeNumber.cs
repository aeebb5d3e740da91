namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>Event numbers that contain the number of the publishing node.</summary>
internal static class NodeNumber
{
    private const int EventBits = 25;

    /// <summary>The number of nodes that fit into an event's number.</summary>
    internal const int MostNodes = 32;

    internal static int First(int node) => node << EventBits;

    internal static int NodeOf(int number) => number >> EventBits;
}
