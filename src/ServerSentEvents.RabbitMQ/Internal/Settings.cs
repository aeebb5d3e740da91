using System.Net.ServerSentEvents;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>What a backplane has copied from its <see cref="RabbitMQBackplaneOptions{TProperties}"/>, checked.</summary>
internal sealed class Settings<TProperties>
{
    private const int SmallestMaxEventBytes = 1024;
    private const int LargestMaxEventBytes = 16 << 20;
    private const int SmallestMaxBytes = 1_000_000;
    private const int LongestName = 255;

    /// <summary>What a timer takes in whole milliseconds.</summary>
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal Settings(RabbitMQBackplaneOptions<TProperties> options)
    {
        ConnectionFactory = options.ConnectionFactory
            ?? throw new ArgumentException("ConnectionFactory has to be given: it says where the broker is.", nameof(options));
        Endpoints = [.. options.Endpoints ?? throw new ArgumentException("Endpoints cannot be null.", nameof(options))];
        StreamName = options.StreamName;
        if (string.IsNullOrEmpty(StreamName) || Encoding.UTF8.GetByteCount(StreamName) > LongestName)
            throw new ArgumentException("StreamName must have from 1 to 255 bytes.", nameof(options));
        MaxAge = options.MaxAge;
        if (MaxAge < TimeSpan.FromSeconds(1))
            throw new ArgumentOutOfRangeException(nameof(options), MaxAge, "MaxAge must be at least a second, or null.");
        MaxBytes = options.MaxBytes;
        if (MaxBytes < SmallestMaxBytes)
            throw new ArgumentOutOfRangeException(nameof(options), MaxBytes, "MaxBytes must be at least 1,000,000, or null.");
        ReadBack = options.ReadBack;
        if (ReadBack < TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(options), ReadBack, "ReadBack cannot be negative.");
        PublishTimeout = options.PublishTimeout;
        if (PublishTimeout <= TimeSpan.Zero || PublishTimeout > LongestTimeout)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), PublishTimeout, "PublishTimeout must be above zero, up to 24 days.");
        }

        MaxEventBytes = options.MaxEventBytes;
        if (MaxEventBytes is < SmallestMaxEventBytes or > LargestMaxEventBytes)
            throw new ArgumentOutOfRangeException(nameof(options), MaxEventBytes, "MaxEventBytes must be from 1,024 to 16 MiB.");
        TimeProvider = options.TimeProvider ?? throw new ArgumentException("TimeProvider cannot be null.", nameof(options));
        Personalise = options.Personalise;
        Logger = new QuietLogger((options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("ServerSentEvents.RabbitMQ"));
    }

    internal ConnectionFactory ConnectionFactory { get; }

    internal AmqpTcpEndpoint[] Endpoints { get; }

    internal string StreamName { get; }

    internal TimeSpan? MaxAge { get; }

    internal long? MaxBytes { get; }

    internal TimeSpan? ReadBack { get; }

    internal TimeSpan PublishTimeout { get; }

    internal int MaxEventBytes { get; }

    internal Func<SseItem<string>, TProperties, SseItem<string>?>? Personalise { get; }

    internal ILogger Logger { get; }

    internal TimeProvider TimeProvider { get; }
}
