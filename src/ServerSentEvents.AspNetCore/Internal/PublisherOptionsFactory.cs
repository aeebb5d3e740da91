using Microsoft.Extensions.Options;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>A factory of options with the defaults of this package, which the application can change.</summary>
internal class PublisherOptionsFactory(
    IEnumerable<IConfigureOptions<PublisherOptions>> setups,
    IEnumerable<IPostConfigureOptions<PublisherOptions>> postConfigures,
    IEnumerable<IValidateOptions<PublisherOptions>> validations,
    TimeProvider? timeProvider)
    : OptionsFactory<PublisherOptions>(setups, postConfigures, validations)
{
    /// <summary>The default interval. It keeps proxies from closing idle streams, and finds vanished clients.</summary>
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override PublisherOptions CreateInstance(string name) => new()
    {
        HeartbeatInterval = HeartbeatInterval,
        TimeProvider = timeProvider ?? TimeProvider.System,
    };
}

/// <summary>
/// The factory of the shared options. Options without a name lack the setups of a publisher, so this factory does not validate them.
/// </summary>
internal sealed class SharedPublisherOptionsFactory(
    IEnumerable<IConfigureOptions<PublisherOptions>> setups,
    IEnumerable<IPostConfigureOptions<PublisherOptions>> postConfigures,
    IEnumerable<IValidateOptions<PublisherOptions>> validations,
    TimeProvider? timeProvider = null)
    : IOptionsFactory<PublisherOptions>
{
    /// <inheritdoc/>
    public PublisherOptions Create(string name) =>
        new PublisherOptionsFactory(setups, postConfigures, name.Length == 0 ? [] : validations, timeProvider).Create(name);
}

/// <summary>The factory of the options of one publisher. The setups of this publisher run after those of all publishers.</summary>
/// <remarks>Post-configuration and validation by the application come last, so they see the final values.</remarks>
internal sealed class PublisherOptionsFactory<TPublisher>(
    IEnumerable<IConfigureOptions<PublisherOptions>> setups,
    IEnumerable<PublisherSetup<TPublisher>> ownSetups,
    IEnumerable<IPostConfigureOptions<PublisherOptions>> postConfigures,
    IEnumerable<IValidateOptions<PublisherOptions>> validations,
    TimeProvider? timeProvider = null)
    : PublisherOptionsFactory([.. setups, .. ownSetups], postConfigures, validations, timeProvider);

/// <summary>A setup of the options of one publisher.</summary>
internal sealed class PublisherSetup<TPublisher>(Action<PublisherOptions> configure)
    : ConfigureOptions<PublisherOptions>(configure);
