namespace ServerSentEvents.LoadTest.Nodes.Bare;

/// <summary>The bytes that the backplane adds to data without channels. The yardsticks add the same number of bytes.</summary>
internal static class Overhead
{
    internal const int OfMessage = 26;
    internal const int OfEvent = 9;
}
