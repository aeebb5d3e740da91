using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A stream at a RabbitMQ broker, over AMQP 0-9-1.</summary>
internal sealed class RabbitMQTransport : IStreamTransport
{
    private const int SegmentsKept = 10;
    private const ushort NotFound = 404;

    private readonly ConnectionFactory _factory;
    private readonly AmqpTcpEndpoint[] _endpoints;
    private readonly string _stream;
    private readonly Dictionary<string, object?> _arguments = new(StringComparer.Ordinal) { ["x-queue-type"] = "stream" };

    private RabbitMQTransport(ConnectionFactory factory, AmqpTcpEndpoint[] endpoints, string stream)
    {
        // It would read again from where it first began.
        factory.AutomaticRecoveryEnabled = false;
        factory.TopologyRecoveryEnabled = false;
        (_factory, _endpoints, _stream) = (factory, endpoints, stream);
    }

    internal static RabbitMQTransport For<TProperties>(Settings<TProperties> settings)
    {
        var transport = new RabbitMQTransport(settings.ConnectionFactory, settings.Endpoints, settings.StreamName);
        if (settings.MaxAge is { } age)
            transport._arguments["x-max-age"] = $"{(long)age.TotalSeconds}s";
        if (settings.MaxBytes is { } bytes)
        {
            transport._arguments["x-max-length-bytes"] = bytes;
            transport._arguments["x-stream-max-segment-size-bytes"] = bytes / SegmentsKept;
        }

        return transport;
    }

    public async Task<IStreamWriter> OpenWriterAsync(IWriterObserver observer, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync("publishing", cancellationToken).ConfigureAwait(false);
        try
        {
            return await RabbitMQWriter.OpenAsync(connection, _stream, observer, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeQuietlyAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync("reading", cancellationToken).ConfigureAwait(false);
        return new RabbitMQReader(connection, _stream);
    }

    private async Task<IConnection> ConnectAsync(string direction, CancellationToken cancellationToken)
    {
        var name = $"ServerSentEvents {_stream} {direction}";
        var connection = _endpoints.Length > 0
            ? await _factory.CreateConnectionAsync(_endpoints, name, cancellationToken).ConfigureAwait(false)
            : await _factory.CreateConnectionAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            await DeclareAsync(connection, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeQuietlyAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Makes the stream if there is none. One that there is may have been made with other settings, by another release of
    /// the application: it is taken as it is.
    /// </summary>
    private async Task DeclareAsync(IConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            var asking = await connection.CreateChannelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            await using (asking.ConfigureAwait(false))
                await asking.QueueDeclarePassiveAsync(_stream, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == NotFound)
        {
            var making = await connection.CreateChannelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            await using (making.ConfigureAwait(false))
            {
                await making.QueueDeclareAsync(
                    _stream, durable: true, exclusive: false, autoDelete: false, _arguments, cancellationToken: cancellationToken)
                    .ConfigureAwait(false);
            }
        }
    }
}
