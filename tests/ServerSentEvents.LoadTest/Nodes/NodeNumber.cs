namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>Which node published an event is told by the event's number.</summary>
internal static class NodeNumber
{
    private const int EventBits = 25;

    /// <summary>So many nodes can be told apart.</summary>
    internal const int MostNodes = 32;

    internal static int First(int node) => node << EventBits;

    internal static int NodeOf(int number) => number >> EventBits;
}
