using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>A stream that adds flushed text to the text that was read.</summary>
internal sealed class TextStream(ReadText read) : MemoryStream
{
    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        read.Add(Encoding.UTF8.GetString(ToArray()));
        SetLength(0);
        return Task.CompletedTask;
    }
}
