using Microsoft.Extensions.Options;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>Makes options with the defaults of this package, for the application to change.</summary>
internal sealed class PublisherOptionsFactory(
    IEnumerable<IConfigureOptions<PublisherOptions>> setups,
    IEnumerable<IPostConfigureOptions<PublisherOptions>> postConfigures,
    IEnumerable<IValidateOptions<PublisherOptions>> validations,
    TimeProvider? timeProvider = null)
    : OptionsFactory<PublisherOptions>(setups, postConfigures, validations)
{
    /// <summary>What keeps proxies from closing idle streams, and a vanished client from being written to for long.</summary>
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override PublisherOptions CreateInstance(string name) => new()
    {
        HeartbeatInterval = HeartbeatInterval,
        TimeProvider = timeProvider ?? TimeProvider.System,
    };
}
