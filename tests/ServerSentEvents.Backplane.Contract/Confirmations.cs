namespace ServerSentEvents.Backplane.Contract;

/// <summary>Counts the messages that a writer has confirmed.</summary>
public sealed class Confirmations : IStreamWriterObserver
{
    private long _confirmed;

    public Task UntilAsync(long count) => Limits.UntilAsync(() => Interlocked.Read(ref _confirmed) >= count);

    public void Confirmed(long number, bool all)
    {
        if (all)
            Interlocked.Exchange(ref _confirmed, number);
        else
            Interlocked.Increment(ref _confirmed);
    }

    public void Changed()
    {
    }
}
