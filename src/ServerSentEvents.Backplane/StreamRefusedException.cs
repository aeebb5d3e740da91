namespace ServerSentEvents.Backplane;

/// <summary>
/// The broker refuses a connection or a stream, for a reason that does not pass by itself: a wrong password, a missing
/// permission, or a stream of another kind. The message has the broker's own words.
/// </summary>
public sealed class StreamRefusedException : Exception
{
    /// <summary>Creates the exception without a reason.</summary>
    public StreamRefusedException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">The reason, in the broker's own words.</param>
    public StreamRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">The reason, in the broker's own words.</param>
    /// <param name="innerException">The exception of the broker's client library.</param>
    public StreamRefusedException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
