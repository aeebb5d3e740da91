using ServerSentEvents.Tests.PublicApi;

namespace ServerSentEvents.AspNetCore.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void PublicApi_AspNetCore_IsAsRecorded() => RecordedSurface.ShouldBeOf(typeof(SubscriptionResult<>).Assembly);
}
