using ServerSentEvents.Backplane;
using StackExchange.Redis;

namespace ServerSentEvents.Redis;

/// <summary>Settings of a <see cref="RedisEventPublisher"/>.</summary>
/// <remarks>
/// <para>The publisher checks and copies the options once. Do not change an instance from several threads at the same time.</para>
/// <para>There is no <c>MaxAge</c>: nodes remove old messages.</para>
/// </remarks>
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
