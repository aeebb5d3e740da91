using System.IO.Pipelines;
using System.Text;

namespace ServerSentEvents.Tests;

public sealed class TextReaderContractTests : ReaderContract
{
    protected override async Task ReadAsync(Subscription<string> subscription, ReadText read, CancellationToken cancellationToken)
    {
        await foreach (var text in subscription.WithCancellation(cancellationToken))
            read.Add(text);
    }
}

public sealed class StreamReaderContractTests : ReaderContract
{
    protected override Task ReadAsync(Subscription<string> subscription, ReadText read, CancellationToken cancellationToken) =>
        subscription.CopyToAsync(new TextStream(read), cancellationToken);
}

public sealed class PipeReaderContractTests : ReaderContract
{
    protected override async Task ReadAsync(Subscription<string> subscription, ReadText read, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var reading = ReadPipeAsync(pipe.Reader, read);
        try
        {
            await subscription.CopyToAsync(pipe.Writer, cancellationToken);
        }
        finally
        {
            await pipe.Writer.CompleteAsync();
            await reading;
        }
    }

    private static async Task ReadPipeAsync(PipeReader reader, ReadText read)
    {
        while (true)
        {
            var result = await reader.ReadAsync();
            read.Add(Encoding.UTF8.GetString(result.Buffer));
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                return;
        }
    }
}
