using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>A checked copy of <see cref="EventStreamOptions"/>, with the application's clock.</summary>
internal sealed class EventStreamSettings
{
    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal EventStreamSettings(EventStreamOptions options, TimeProvider time)
    {
        const string name = nameof(options);
        if (options.MaxStreamAge <= TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(name, options.MaxStreamAge, "MaxStreamAge must be above zero, or null.");
        MaxStreamAge = options.MaxStreamAge;
        if (options.UnresponsiveTimeout != Timeout.InfiniteTimeSpan
            && (options.UnresponsiveTimeout < ShortestTimeout || options.UnresponsiveTimeout > LongestTimeout))
        {
            throw new ArgumentOutOfRangeException(
                name,
                options.UnresponsiveTimeout,
                "UnresponsiveTimeout must be from one second to 2,147,483,647 milliseconds, or Timeout.InfiniteTimeSpan.");
        }

        UnresponsiveTimeout = options.UnresponsiveTimeout;
        CloseOnAuthenticationExpiration = options.CloseOnAuthenticationExpiration;
        AcceptLastEventIdQuery = options.AcceptLastEventIdQuery;
        Time = time;
    }

    internal TimeProvider Time { get; }

    internal bool CloseOnAuthenticationExpiration { get; }

    internal TimeSpan? MaxStreamAge { get; }

    internal TimeSpan UnresponsiveTimeout { get; }

    internal bool AcceptLastEventIdQuery { get; }

    /// <summary>Reads the options of an application; the defaults if it has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal static EventStreamSettings Of(IServiceProvider? services) => new(
        services?.GetService<IOptions<EventStreamOptions>>()?.Value ?? new EventStreamOptions(),
        services?.GetService<TimeProvider>() ?? TimeProvider.System);
}
