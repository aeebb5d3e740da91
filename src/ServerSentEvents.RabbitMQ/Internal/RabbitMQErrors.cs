using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>The conversion of exceptions of the client library to exceptions with the broker's own words.</summary>
internal static class RabbitMQErrors
{
    /// <summary>
    /// Words of the broker that mean a temporary refusal: this node has no replica of the stream, or not yet, or a limit of
    /// connections or channels is reached, or a consumer has not acknowledged a message in time.
    /// </summary>
    private static readonly string[] TemporaryReasons =
        ["replica on the local node", "connection limit (", "the maximum allowed", "delivery acknowledgement"];

    /// <summary>Returns the exception that says what is wrong.</summary>
    internal static Exception Explain(Exception exception)
    {
        var message = exception.Message;
        foreach (var each in Flatten(exception))
        {
            if (each is AuthenticationFailureException)
                return new StreamRefusedException(each.Message, exception);
            if (each is OperationInterruptedException { ShutdownReason: { } reason })
                return Explain(reason, exception);
            message = each switch
            {
                OperationCanceledException => "The broker has not answered in time.",
                // "Pipe is completed." tells users nothing. The exception around it says more.
                EndOfStreamException => message,
                _ => each.Message,
            };
        }

        return new IOException(message, exception);
    }

    /// <summary>Returns the exception that says why the broker has closed a connection or a channel.</summary>
    internal static Exception Explain(ShutdownEventArgs reason, Exception? cause = null) =>
        reason.ReplyCode is Constants.AccessRefused or Constants.PreconditionFailed or Constants.NotAllowed
            && !Array.Exists(TemporaryReasons, words => reason.ReplyText.Contains(words, StringComparison.Ordinal))
                ? new StreamRefusedException(reason.ReplyText, cause)
                : new IOException(reason.ReplyText, cause);

    /// <summary>Returns an exception and all inner ones. Each endpoint that was tried has one.</summary>
    private static IEnumerable<Exception> Flatten(Exception exception)
    {
        IEnumerable<Exception> inner = exception is AggregateException all ? all.InnerExceptions
            : exception.InnerException is { } one ? [one]
            : [];
        return inner.SelectMany(Flatten).Prepend(exception);
    }
}
