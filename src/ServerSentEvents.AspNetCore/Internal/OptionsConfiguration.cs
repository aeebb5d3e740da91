using System.Globalization;
using Microsoft.Extensions.Configuration;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The methods that apply configuration to options, without reflection.</summary>
internal static class OptionsConfiguration
{
    /// <summary>The setters of the options that configuration can hold, by key. The text is empty for null.</summary>
    private static readonly Dictionary<string, Action<PublisherOptions, string>> PublisherSetters = new(StringComparer.OrdinalIgnoreCase)
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

    /// <summary>The setters of the options of all streams, by key.</summary>
    private static readonly Dictionary<string, Action<EventStreamOptions, string>> StreamSetters = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(EventStreamOptions.CloseOnAuthenticationExpiration)] =
            static (options, text) => options.CloseOnAuthenticationExpiration = bool.Parse(text),
        [nameof(EventStreamOptions.MaxStreamAge)] = static (options, text) => options.MaxStreamAge = OrNull(text, Duration),
        [nameof(EventStreamOptions.UnresponsiveTimeout)] = static (options, text) => options.UnresponsiveTimeout = Duration(text),
        [nameof(EventStreamOptions.AcceptLastEventIdQuery)] =
            static (options, text) => options.AcceptLastEventIdQuery = bool.Parse(text),
    };

    /// <summary>Sets the options of a publisher that the section has a key for. Other keys are ignored.</summary>
    /// <exception cref="InvalidOperationException">A value cannot be read or is out of its range.</exception>
    internal static void Apply(IConfiguration configuration, PublisherOptions options) =>
        Apply(configuration, options, PublisherSetters, static alone => _ = new PublisherSettings(alone));

    /// <summary>Sets the options of all streams that the section has a key for. Other keys are ignored.</summary>
    /// <exception cref="InvalidOperationException">A value cannot be read or is out of its range.</exception>
    internal static void Apply(IConfiguration configuration, EventStreamOptions options) =>
        Apply(configuration, options, StreamSetters, static alone => _ = new EventStreamSettings(alone, TimeProvider.System));

    private static void Apply<TOptions>(
        IConfiguration configuration, TOptions options, Dictionary<string, Action<TOptions, string>> setters, Action<TOptions> check)
        where TOptions : new()
    {
        foreach (var section in configuration.GetChildren())
        {
            if (!setters.TryGetValue(section.Key, out var set))
                continue;
            var text = section.Value ?? "";
            try
            {
                if (section.GetChildren().Any())
                    throw new FormatException("A single value is expected.");
                set(options, text);
                // The options are checked together later, and that error does not name the key. So check this option alone first.
                var alone = new TOptions();
                set(alone, text);
                check(alone);
            }
            catch (Exception exception)
                when (exception is FormatException or OverflowException or ArgumentException or NotSupportedException)
            {
                throw new InvalidOperationException(
                    $"The configuration value '{text}' at '{section.Path}' is refused. {exception.Message}", exception);
            }
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
