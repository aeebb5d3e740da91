namespace ServerSentEvents.Backplane;

/// <summary>
/// The exception for a refused connection or stream. The reason does not go away by itself: a wrong password, a missing
/// permission, or a stream of another kind. The message has the broker's own words.
/// </summary>
public sealed class StreamRefusedException : Exception
{
    /// <summary>Initializes the exception without a reason.</summary>
    public StreamRefusedException()
    {
    }

    /// <summary>Initializes the exception with a reason.</summary>
    /// <param name="message">The reason, in the broker's own words.</param>
    public StreamRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes the exception with a reason and a cause.</summary>
    /// <param name="message">The reason, in the broker's own words.</param>
    /// <param name="innerException">The exception of the broker's client library.</param>
    public StreamRefusedException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
