namespace ServerSentEvents.Tests.Model;

/// <summary>Reads a subscription in small steps, and only if a read completes at once.</summary>
/// <param name="subscription">The subscription.</param>
/// <param name="ids">The names of ids.</param>
/// <param name="position">The name of the position at which the subscription began.</param>
internal sealed class Reader(Subscription<int> subscription, EventIds ids, string position)
{
    private readonly CancellationTokenSource _canceled = new();
    private IAsyncEnumerator<string>? _stream;

    internal Subscription<int> Subscription { get; } = subscription;

    /// <summary>The ids that were read.</summary>
    internal List<string> ReadIds { get; } = [];

    internal string Read(int count)
    {
        var read = new List<(string, string?)>();
        while (read.Count < count)
        {
            if (Subscription.QueuedEvents == 0 && Subscription.EndReason is null)
                return Results.Read(read, end: null);

            var next = Stream().MoveNextAsync().AsTask();
            next.IsCompleted.Should().BeTrue("an event is queued, or the stream has ended");
            if (next.IsCanceled)
                return Results.Read(read, end: true);
            if (!next.Result)
                return Results.Read(read, end: false);
            read.Add(Parse(Stream().Current));
        }

        return Results.Read(read, end: null);
    }

    internal void Leave(Way way)
    {
        switch (way)
        {
            case Way.Close:
                Subscription.Close();
                break;
            case Way.Dispose:
                Subscription.Dispose();
                break;
            case Way.StopReading:
                Stream().DisposeAsync().AsTask().IsCompletedSuccessfully.Should().BeTrue();
                break;
            default:
                // Do not cancel an empty stream that has ended: the model ignores such a cancellation.
                Stream();
                if (Subscription.EndReason is null || Subscription.QueuedEvents > 0)
                    _canceled.Cancel();
                break;
        }
    }

    private IAsyncEnumerator<string> Stream() => _stream ??= Subscription.GetAsyncEnumerator(_canceled.Token);

    private (string Text, string? Id) Parse(string frame)
    {
        var data = "";
        string? id = null;
        foreach (var line in frame.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = line["id: ".Length..];
            else
                data += line.StartsWith("data: ", StringComparison.Ordinal) ? line["data: ".Length..] : line.TrimStart(':', ' ');
        }

        if (id is not null)
            ReadIds.Add(id);
        return (data, id is null ? null : ids.NameOf(id, data, position));
    }
}
