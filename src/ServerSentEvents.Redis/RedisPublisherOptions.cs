using ServerSentEvents.Backplane;
using StackExchange.Redis;

namespace ServerSentEvents.Redis;

/// <summary>
/// The settings of a <see cref="RedisEventPublisher"/>. They are checked and copied once. Not safe to change from several
/// threads.
/// </summary>
public sealed class RedisPublisherOptions : StreamPublisherOptions
{
    /// <inheritdoc cref="RedisBackplaneOptions{TProperties}.Configuration"/>
    public ConfigurationOptions? Configuration { get; set; }

    /// <inheritdoc cref="RedisBackplaneOptions{TProperties}.StreamKey"/>
    public string StreamKey { get; set; } = "server-sent-events";

    /// <inheritdoc cref="RedisBackplaneOptions{TProperties}.MaxLength"/>
    public int? MaxLength { get; set; } = 100_000;

    /// <inheritdoc cref="RedisBackplaneOptions{TProperties}.WaitForReplicas"/>
    public int WaitForReplicas { get; set; }
}
