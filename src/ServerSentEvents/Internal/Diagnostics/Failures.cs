namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>The exceptions of application code, collected so that one failure does not affect other subscribers.</summary>
internal struct Failures
{
    private const string HandlerThrew = "A handler of Unsubscribed threw.";

    private List<Exception>? _exceptions;

    internal readonly bool Any => _exceptions is not null;

    /// <summary>Runs application code, and keeps its exception.</summary>
    internal void Try<TState>(Action<TState> action, TState state)
    {
        try
        {
            action(state);
        }
        catch (Exception exception)
        {
            Add(exception);
        }
    }

    internal void Add(Exception exception) => (_exceptions ??= []).Add(exception);

    internal readonly AggregateException ToException(string message = HandlerThrew) => new(message, _exceptions ?? []);

    /// <exception cref="AggregateException">There was a failure.</exception>
    internal readonly void ThrowIfAny(string message = HandlerThrew)
    {
        if (Any)
            throw ToException(message);
    }
}
