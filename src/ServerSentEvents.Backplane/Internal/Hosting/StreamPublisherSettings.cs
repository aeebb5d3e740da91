using System.Net.ServerSentEvents;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ServerSentEvents.Backplane.Internal.Diagnostics;

namespace ServerSentEvents.Backplane.Internal.Hosting;

/// <summary>The checked copy of <see cref="StreamPublisherOptions"/>.</summary>
internal class StreamPublisherSettings
{
    private const int SmallestMaxEventBytes = 1_024;
    private const int LargestMaxEventBytes = 16 << 20;

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal StreamPublisherSettings(StreamPublisherOptions options)
    {
        PublishTimeout = options.PublishTimeout;
        if (PublishTimeout.TotalMilliseconds is < 1 or > int.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(options), PublishTimeout, "PublishTimeout must be from 1 to 2,147,483,647 milliseconds.");
        MaxEventBytes = options.MaxEventBytes;
        if (MaxEventBytes is < SmallestMaxEventBytes or > LargestMaxEventBytes)
            throw new ArgumentOutOfRangeException(nameof(options), MaxEventBytes, "MaxEventBytes must be from 1,024 to 16,777,216.");
        TimeProvider = options.TimeProvider ?? throw new ArgumentException("TimeProvider cannot be null.", nameof(options));
        Logger = new LimitedLogger((options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("ServerSentEvents.Backplane"), TimeProvider);
    }

    internal TimeSpan PublishTimeout { get; }

    internal int MaxEventBytes { get; }

    internal ILogger Logger { get; }

    internal TimeProvider TimeProvider { get; }
}

/// <summary>The checked copy of <see cref="BackplaneOptions{TProperties}"/>.</summary>
internal sealed class BackplaneSettings<TProperties> : StreamPublisherSettings
{
    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal BackplaneSettings(BackplaneOptions<TProperties> options)
        : base(options)
    {
        ReadBack = options.ReadBack;
        if (ReadBack < TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(options), ReadBack, "ReadBack cannot be negative.");
        (Personalize, SubscriberKey) = (options.Personalize, options.SubscriberKey);
    }

    internal TimeSpan? ReadBack { get; }

    internal Func<SseItem<string>, TProperties, SseItem<string>?>? Personalize { get; }

    internal Func<TProperties, string?>? SubscriberKey { get; }
}
