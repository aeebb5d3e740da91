namespace ServerSentEvents.Backplane;

/// <summary>
/// The exception for a refused connection or stream. The reason does not go away by itself: a wrong password, a missing
/// permission, or a stream of another kind. The message has the broker's own words.
/// </summary>
/// <param name="message">The reason, in the broker's own words.</param>
/// <param name="innerException">The exception of the broker's client library; null for none.</param>
public sealed class StreamRefusedException(string message, Exception? innerException = null) : Exception(message, innerException);
