using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// The declaration of the stream, which creates it if it does not exist. An existing stream is used as it is: another release of
/// the application may have created it with other settings.
/// </summary>
internal sealed class RabbitMQDeclaration(RabbitMQSettings settings)
{
    /// <summary>
    /// The broker's words for a stream that does not exist. A stream that is temporarily out of reach has the same error code.
    /// </summary>
    private const string AbsentReason = "no queue ";

    internal async Task EnsureAsync(IConnection connection, CancellationToken cancellationToken)
    {
        if (await MayExistAsync(connection, cancellationToken).ConfigureAwait(false))
            return;
        try
        {
            await UseChannelAsync(
                connection,
                channel => channel.QueueDeclareAsync(
                    settings.StreamName, durable: true, exclusive: false, autoDelete: false, settings.Arguments,
                    cancellationToken: cancellationToken),
                cancellationToken).ConfigureAwait(false);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.PreconditionFailed)
        {
            // Another node may have created the stream just now, with other settings.
            if (!await MayExistAsync(connection, cancellationToken).ConfigureAwait(false))
                throw;
        }
    }

    /// <summary>
    /// Returns false if the broker says that the stream does not exist. Version 4.2 and later answers only users with a permission
    /// for the queue. For other users, the first message shows whether the stream exists.
    /// </summary>
    private async Task<bool> MayExistAsync(IConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await UseChannelAsync(connection, channel => channel.QueueDeclarePassiveAsync(settings.StreamName, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            return true;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.AccessRefused)
        {
            return true;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason is { ReplyCode: Constants.NotFound } reason
            && reason.ReplyText.Contains(AbsentReason, StringComparison.Ordinal))
        {
            return false;
        }
    }

    /// <summary>Uses a separate channel, because the broker closes a channel with each error.</summary>
    private static async Task UseChannelAsync(IConnection connection, Func<IChannel, Task> use, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        await using (channel.ConfigureAwait(false))
            await use(channel).ConfigureAwait(false);
    }
}
