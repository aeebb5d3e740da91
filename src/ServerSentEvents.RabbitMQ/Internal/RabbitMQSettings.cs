using System.Text;
using RabbitMQ.Client;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>The checked settings of a stream. The connection factory is prepared for the engine.</summary>
internal sealed class RabbitMQSettings
{
    /// <summary>The smallest number of segments that MaxBytes is divided into. The broker removes whole segments.</summary>
    private const int SegmentsKept = 10;

    /// <summary>The largest segment, in bytes. RabbitMQ 3.11 and later refuses more than 3,000,000,000.</summary>
    private const long LargestSegment = 1_000_000_000;

    /// <summary>
    /// The largest number of bytes on their way to a reader. With events of more than 8 MiB, it can be twice as many: at least 8 messages
    /// are allowed.
    /// </summary>
    private const int PrefetchBytes = 64 << 20;

    private const int SmallestMaxBytes = 1_000_000;
    private const int LongestName = 255;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan ContinuationTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConnectionTimeout = TimeSpan.FromSeconds(5);

    private RabbitMQSettings(
        ConnectionFactory? factory, IList<AmqpTcpEndpoint>? endpoints, string? name, TimeSpan? maxAge, long? maxBytes, StreamPublisherOptions options)
    {
        ConnectionFactory = factory
            ?? throw new ArgumentException("ConnectionFactory must be set: it has the address of the broker.", nameof(options));
        Endpoints = [.. endpoints ?? throw new ArgumentException("Endpoints cannot be null.", nameof(options))];
        if (factory.Ssl.Enabled && !Array.TrueForAll(Endpoints, endpoint => endpoint.Ssl.Enabled))
        {
            throw new ArgumentException(
                "Endpoints must have TLS if the ConnectionFactory has TLS: the RabbitMQ library uses only the Ssl of the endpoint.", nameof(options));
        }

        if (string.IsNullOrEmpty(name) || Encoding.UTF8.GetByteCount(name) > LongestName)
            throw new ArgumentException("StreamName must have from 1 to 255 bytes.", nameof(options));
        if (maxAge < TimeSpan.FromSeconds(1))
            throw new ArgumentOutOfRangeException(nameof(options), maxAge, "MaxAge must be at least a second, or null.");
        if (maxBytes < SmallestMaxBytes || maxBytes / SegmentsKept < options.MaxEventBytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), maxBytes, "MaxBytes must be at least 1,000,000 and ten times MaxEventBytes, or null.");
        }

        StreamName = name;
        if (maxAge is { } age)
            Arguments["x-max-age"] = $"{(long)age.TotalSeconds}s";
        if (maxBytes is { } bytes)
        {
            Arguments["x-max-length-bytes"] = bytes;
            Arguments["x-stream-max-segment-size-bytes"] = Math.Min(bytes / SegmentsKept, LargestSegment);
        }

        // Messages that several events share have up to 64 KiB. The range of MaxEventBytes is not checked yet.
        Prefetch = (ushort)Math.Clamp(PrefetchBytes / Math.Max(options.MaxEventBytes, 64 << 10), 8, 256);
        // The recovery of the library would start to read at the first position again.
        factory.AutomaticRecoveryEnabled = false;
        factory.TopologyRecoveryEnabled = false;
        if (factory.RequestedHeartbeat == ConnectionFactory.DefaultHeartbeat)
            factory.RequestedHeartbeat = Heartbeat;
        if (factory.ContinuationTimeout == Constants.DefaultContinuationTimeout)
            factory.ContinuationTimeout = ContinuationTimeout;
        // The library tries one address after the other, and a machine that is down does not answer.
        if (factory.RequestedConnectionTimeout == ConnectionFactory.DefaultConnectionTimeout)
            factory.RequestedConnectionTimeout = ConnectionTimeout;
    }

    internal ConnectionFactory ConnectionFactory { get; }

    internal AmqpTcpEndpoint[] Endpoints { get; }

    internal string StreamName { get; }

    /// <summary>The arguments of the queue, if it has to be created.</summary>
    internal Dictionary<string, object?> Arguments { get; } = new(StringComparer.Ordinal) { ["x-queue-type"] = "stream" };

    /// <summary>
    /// The largest number of messages that are on their way to a reader, or wait there: with small events, enough for a broker at a
    /// distance of some milliseconds.
    /// </summary>
    internal ushort Prefetch { get; }

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal static RabbitMQSettings From<TProperties>(RabbitMQBackplaneOptions<TProperties> options) => new(
        options.ConnectionFactory, options.Endpoints, options.StreamName, options.MaxAge, options.MaxBytes, options);

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal static RabbitMQSettings From(RabbitMQPublisherOptions options) => new(
        options.ConnectionFactory, options.Endpoints, options.StreamName, options.MaxAge, options.MaxBytes, options);
}
