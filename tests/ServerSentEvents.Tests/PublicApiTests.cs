using ServerSentEvents.Tests.PublicApi;

namespace ServerSentEvents.Tests;

/// <summary>The public surface, held against a file, so that no change of it goes unnoticed or unrecorded.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void PublicApi_Core_IsAsRecorded() => RecordedSurface.ShouldBeOf(typeof(Publisher).Assembly);
}
