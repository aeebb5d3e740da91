using ServerSentEvents.Backplane;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Internal;

/// <summary>The conversion of exceptions of the client library to exceptions with the server's own words.</summary>
internal static class RedisErrors
{
    /// <summary>The library puts this before the words of some servers.</summary>
    private const string LibraryPrefix = "SimpleError: ";

    /// <summary>Returns true if the server takes no writes for now, but keeps its connections.</summary>
    internal static bool IsBlocked(Exception explained) => (explained.InnerException as RedisServerException)?.Kind
        is RedisErrorKind.OutOfMemory or RedisErrorKind.Misconfigured or RedisErrorKind.NoReplicas or RedisErrorKind.Busy;

    /// <summary>Returns true if the server has refused to create a stream, because it exists.</summary>
    internal static bool IsExistingStream(Exception explained) => explained.Message.Contains("equal or smaller", StringComparison.Ordinal);

    /// <summary>Returns true if the server has answered with an error.</summary>
    internal static bool IsAnswer(Exception explained) => explained.InnerException is RedisServerException;

    /// <summary>Waits for the answer to a command. Exceptions are those of <see cref="Explain"/>.</summary>
    /// <exception cref="StreamRefusedException">The server refuses the command.</exception>
    /// <exception cref="IOException">The server has answered with another error, or there is no answer.</exception>
    internal static async Task<T> AnswerAsync<T>(this Task<T> command, CancellationToken cancellationToken)
    {
        try
        {
            return await command.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!command.IsCompleted)
        {
            // Observe the failure of the command: nothing else waits for it.
            _ = command.ContinueWith(
                static task => task.Exception, cancellationToken: default, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or ObjectDisposedException)
        {
            throw Explain(exception);
        }
    }

    /// <summary>Returns the exception that says what is wrong.</summary>
    internal static Exception Explain(Exception exception)
    {
        for (var each = exception; each is not null; each = each.InnerException)
        {
            if (each is RedisServerException server)
                return IsRefusal(server) ? new StreamRefusedException(WordsOf(server), exception) : new IOException(WordsOf(server), exception);
            if (each is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure, InnerException: null })
                return new StreamRefusedException(each.Message, exception);
        }

        // The library adds its state and advice to the messages of its exceptions.
        return exception switch
        {
            RedisTimeoutException => new IOException("Redis has not answered in time.", exception),
            RedisConnectionException lost => new IOException($"There is no connection to Redis ({lost.FailureType}).", exception),
            _ => new IOException(exception.Message, exception),
        };
    }

    /// <summary>Returns the exception that says why no connection was made.</summary>
    /// <param name="exception">The exception of the library, which does not name the server.</param>
    /// <param name="attempt">An attempt that failed; null if none is known.</param>
    internal static Exception NotConnected(Exception exception, ConnectionAttemptCompletedEventArgs? attempt)
    {
        // This message names the service. The failed attempts do not.
        if (exception.Message.StartsWith("Sentinel:", StringComparison.Ordinal))
            return new IOException(exception.Message, exception);
        var explained = Explain(exception);
        return explained is StreamRefusedException || attempt is null
            ? explained
            : new IOException($"{attempt.EndPoint}: {attempt.Exception?.Message ?? attempt.FailureType.ToString()}", exception);
    }

    private static string WordsOf(RedisServerException exception) =>
        exception.Message.StartsWith(LibraryPrefix, StringComparison.Ordinal) ? exception.Message[LibraryPrefix.Length..] : exception.Message;

    private static bool IsRefusal(RedisServerException exception) =>
        exception.Kind is RedisErrorKind.NoAuth or RedisErrorKind.WrongPass or RedisErrorKind.NoPermission or RedisErrorKind.WrongType
        || exception.Message.StartsWith("ERR unknown command", StringComparison.OrdinalIgnoreCase);
}
