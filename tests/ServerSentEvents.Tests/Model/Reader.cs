namespace ServerSentEvents.Tests.Model;

/// <summary>Somebody who reads a subscription a little at a time, and never where it would have to wait.</summary>
internal sealed class Reader(Subscription<int> subscription, EventIds ids)
{
    private readonly CancellationTokenSource _canceled = new();
    private IAsyncEnumerator<string>? _stream;

    internal Subscription<int> Subscription { get; } = subscription;

    /// <summary>The ids that it has read.</summary>
    internal List<string> Had { get; } = [];

    internal string Read(int count)
    {
        var read = new List<(string, string?)>();
        while (read.Count < count)
        {
            if (Subscription.QueuedEvents == 0 && Subscription.EndReason is null)
                return Answers.Read(read, end: null);

            var next = Stream().MoveNextAsync().AsTask();
            next.IsCompleted.Should().BeTrue("something is there, or nothing comes any more");
            if (next.IsCanceled)
                return Answers.Read(read, end: true);
            if (!next.Result)
                return Answers.Read(read, end: false);
            read.Add(Parse(Stream().Current));
        }

        return Answers.Read(read, end: null);
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
                // After an end that has been read, the token of a request may still be canceled, to no effect.
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
            Had.Add(id);
        return (data, id is null ? null : ids.NameOf(id, data));
    }
}
