using System.Text;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>A response body that throws when a certain text is written.</summary>
internal sealed class ThrowingBody(Stream inner, Exception failure) : ForwardingStream(inner)
{
    /// <summary>A text that cannot be written.</summary>
    internal const string Forbidden = "forbidden";

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        Encoding.UTF8.GetString(buffer.Span).Contains(Forbidden, StringComparison.Ordinal)
            ? throw failure
            : base.WriteAsync(buffer, cancellationToken);
}
