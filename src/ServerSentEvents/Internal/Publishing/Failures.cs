namespace ServerSentEvents.Internal.Publishing;

/// <summary>Gathers what the application's code throws, so that one failure keeps nothing from anybody else.</summary>
internal struct Failures
{
    private List<Exception>? _exceptions;

    internal readonly bool Any => _exceptions is not null;

    /// <summary>Runs code of the application's, and keeps what it throws.</summary>
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

    /// <exception cref="AggregateException">There has been a failure.</exception>
    internal readonly void ThrowIfAny(string message)
    {
        if (_exceptions is not null)
            throw new AggregateException(message, _exceptions);
    }
}
