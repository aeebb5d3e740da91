using Microsoft.AspNetCore.Http;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>A response's body that knows whether it was told to hold nothing back.</summary>
internal sealed class UnbufferedBody(Stream stream) : StreamResponseBodyFeature(stream)
{
    internal bool IsUnbuffered { get; private set; }

    public override void DisableBuffering()
    {
        IsUnbuffered = true;
        base.DisableBuffering();
    }
}
