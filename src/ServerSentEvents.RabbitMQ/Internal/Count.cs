namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>How often something has happened in this process. Who listens asks for it; nobody is called when it changes.</summary>
/// <remarks>Safe for use by several threads, and under any lock.</remarks>
internal sealed class Count
{
    private long _value;

    internal long Value => Interlocked.Read(ref _value);

    internal void Add(long number) => Interlocked.Add(ref _value, number);
}
