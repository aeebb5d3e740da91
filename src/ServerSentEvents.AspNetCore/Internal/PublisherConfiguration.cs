using System.Globalization;
using Microsoft.Extensions.Configuration;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>Sets publisher options from configuration, without reflection.</summary>
internal static class PublisherConfiguration
{
    /// <summary>The setters of the options that configuration can hold, by key. The text is empty for null.</summary>
    private static readonly Dictionary<string, Action<PublisherOptions, string>> Setters = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(PublisherOptions.QueueCapacity)] = static (options, text) => options.QueueCapacity = Int32(text),
        [nameof(PublisherOptions.QueueCapacityBytes)] = static (options, text) => options.QueueCapacityBytes = Int64(text),
        [nameof(PublisherOptions.QueueOverflow)] =
            static (options, text) => options.QueueOverflow = Overflow(text),
        [nameof(PublisherOptions.MaxEventBytes)] = static (options, text) => options.MaxEventBytes = Int32(text),
        [nameof(PublisherOptions.MaxSubscribers)] = static (options, text) => options.MaxSubscribers = OrNull(text, Int32),
        [nameof(PublisherOptions.LingerTimeout)] = static (options, text) => options.LingerTimeout = Duration(text),
        [nameof(PublisherOptions.HistoryCapacity)] = static (options, text) => options.HistoryCapacity = Int32(text),
        [nameof(PublisherOptions.HistoryCapacityBytes)] = static (options, text) => options.HistoryCapacityBytes = Int64(text),
        [nameof(PublisherOptions.HistoryMaxAge)] = static (options, text) => options.HistoryMaxAge = OrNull(text, Duration),
        [nameof(PublisherOptions.HeartbeatInterval)] =
            static (options, text) => options.HeartbeatInterval = OrNull(text, Duration),
        [nameof(PublisherOptions.ReconnectionInterval)] =
            static (options, text) => options.ReconnectionInterval = OrNull(text, Duration),
        [nameof(PublisherOptions.ReconnectionJitter)] = static (options, text) => options.ReconnectionJitter = Duration(text),
        [nameof(PublisherOptions.GapEvent)] = OnlyInCode,
        [nameof(PublisherOptions.TimeProvider)] = OnlyInCode,
    };

    /// <summary>Sets the options that the section has a key for. Other keys are ignored.</summary>
    /// <exception cref="InvalidOperationException">A value cannot be read or is out of its range.</exception>
    internal static void Apply(IConfiguration configuration, PublisherOptions options)
    {
        foreach (var section in configuration.GetChildren())
        {
            if (Setters.TryGetValue(section.Key, out var set))
                Apply(section, set, options);
        }
    }

    private static void Apply(IConfigurationSection section, Action<PublisherOptions, string> set, PublisherOptions options)
    {
        var text = section.Value ?? "";
        try
        {
            set(options, section.GetChildren().Any() ? throw new FormatException("A single value is expected.") : text);
            // The publisher checks all options together, and its error does not name the key. So check this option alone first.
            var alone = new PublisherOptions();
            set(alone, text);
            _ = new PublisherSettings(alone);
        }
        catch (Exception exception)
            when (exception is FormatException or OverflowException or ArgumentException or NotSupportedException)
        {
            throw new InvalidOperationException(
                $"The configuration value '{text}' at '{section.Path}' is refused. {exception.Message}", exception);
        }
    }

    private static void OnlyInCode(PublisherOptions options, string text) =>
        throw new NotSupportedException("This option can only be set in code, by AddServerSentEvents(options => ...).");

    private static int Int32(string text) => int.Parse(text, NumberStyles.Integer, CultureInfo.InvariantCulture);

    private static long Int64(string text) => long.Parse(text, NumberStyles.Integer, CultureInfo.InvariantCulture);

    /// <summary>Reads the name of a value. A list of names would be combined to another value, so it is refused.</summary>
    private static QueueOverflow Overflow(string text) => text.Contains(',', StringComparison.Ordinal)
        ? throw new FormatException("A single name is expected: Disconnect, DropOldest or DropNewest.")
        : Enum.Parse<QueueOverflow>(text, ignoreCase: true);

    /// <summary>
    /// Reads a duration. A number alone would be days, which is rarely meant, so it is refused. Without the format, 24:00:00
    /// would be 24 days.
    /// </summary>
    private static TimeSpan Duration(string text) =>
        text.Contains(':', StringComparison.Ordinal)
            && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var duration)
            ? duration
            : throw new FormatException("A duration such as 00:00:15 is expected: hours, minutes and seconds, and 1.00:00:00 for a day.");

    private static T? OrNull<T>(string text, Func<string, T> read)
        where T : struct => text.Length == 0 ? null : read(text);
}
