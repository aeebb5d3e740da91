using Microsoft.AspNetCore.Http;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>A response body that records whether its buffering was disabled.</summary>
internal sealed class UnbufferedBody(Stream stream) : StreamResponseBodyFeature(stream)
{
    internal bool IsUnbuffered { get; private set; }

    public override void DisableBuffering()
    {
        IsUnbuffered = true;
        base.DisableBuffering();
    }
}
