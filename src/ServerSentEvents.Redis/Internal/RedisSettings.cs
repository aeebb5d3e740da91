using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ServerSentEvents.Backplane;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Internal;

/// <summary>The checked settings of a stream.</summary>
internal sealed class RedisSettings
{
    private const int SmallestMaxLength = 1_000;

    private RedisSettings(
        ConfigurationOptions? configuration, string? key, int? maxLength, TimeSpan? maxAge, int replicas, StreamPublisherOptions options)
    {
        if (configuration is null || configuration.EndPoints.Count == 0)
            throw new ArgumentException("Configuration must be set: it has the address of Redis.", nameof(options));
        if (string.IsNullOrEmpty(key))
            throw new ArgumentException("StreamKey cannot be empty.", nameof(options));
        if (maxLength < SmallestMaxLength)
            throw new ArgumentOutOfRangeException(nameof(options), maxLength, "MaxLength must be at least 1,000, or null.");
        if (maxAge < TimeSpan.FromMinutes(1))
            throw new ArgumentOutOfRangeException(nameof(options), maxAge, "MaxAge must be at least a minute, or null.");
        if (replicas < 0)
            throw new ArgumentOutOfRangeException(nameof(options), replicas, "WaitForReplicas cannot be negative.");
        (Configuration, StreamKey, MaxLength, MaxAge, WaitForReplicas) = (configuration.Clone(), key, maxLength, maxAge, replicas);
        PublishTimeout = options.PublishTimeout;
        Logger = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("ServerSentEvents.Redis");
    }

    internal ConfigurationOptions Configuration { get; }

    internal string StreamKey { get; }

    internal int? MaxLength { get; }

    internal TimeSpan? MaxAge { get; }

    internal int WaitForReplicas { get; }

    internal TimeSpan PublishTimeout { get; }

    internal ILogger Logger { get; }

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal static RedisSettings From<TProperties>(RedisBackplaneOptions<TProperties> options) => new(
        options.Configuration, options.StreamKey, options.MaxLength, options.MaxAge, options.WaitForReplicas, options);

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal static RedisSettings From(RedisPublisherOptions options) => new(
        options.Configuration, options.StreamKey, options.MaxLength, maxAge: null, options.WaitForReplicas, options);
}
