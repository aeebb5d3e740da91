namespace ServerSentEvents.Tests;

/// <summary>Ends all subscriptions of a publisher in the way that a test case names.</summary>
internal static class PublisherEnds
{
    /// <param name="publisher">The publisher.</param>
    /// <param name="way">The name of the method to call.</param>
    internal static void EndAll<TProperties>(this Publisher<TProperties> publisher, string way)
    {
        switch (way)
        {
            case nameof(Publisher.Close):
                publisher.Close();
                break;
            case nameof(Publisher.Drain):
                publisher.Drain();
                break;
            case nameof(Publisher.Dispose):
                publisher.Dispose();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(way), way, message: null);
        }
    }
}
