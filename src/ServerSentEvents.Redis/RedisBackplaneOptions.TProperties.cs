using ServerSentEvents.Backplane;
using StackExchange.Redis;

namespace ServerSentEvents.Redis;

/// <summary>Settings of a <see cref="RedisBackplane{TProperties}"/>.</summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <remarks>
/// The backplane checks and copies the options once. Do not change an instance from several threads at the same time.
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents.Redis;
/// using StackExchange.Redis;
///
/// var options = new RedisBackplaneOptions&lt;object?&gt;
/// {
///     Configuration = ConfigurationOptions.Parse("redis:6379,password=secret"),
///     StreamKey = "shop-events",
///     ReadBack = TimeSpan.FromMinutes(10),
/// };
/// </code>
/// </example>
public sealed class RedisBackplaneOptions<TProperties> : BackplaneOptions<TProperties>
{
    /// <summary>
    /// The address and the credentials of Redis, with TLS, the database, Sentinel or the nodes of a cluster. Required. The object is
    /// copied. <c>ConfigurationOptions.Parse</c> makes it from a connection string.
    /// </summary>
    /// <remarks>
    /// This package reconnects by itself, so it sets <c>AbortOnConnectFail</c>, <c>BacklogPolicy</c> and <c>ConnectRetry</c> in the copy.
    /// It also sets <c>AllowAdmin</c>, to read INFO (the server checks the user's permissions), and <c>ClientName</c> if that is null.
    /// <c>AsyncTimeout</c>, the longest wait for an answer, becomes 10 seconds if it is longer.
    /// </remarks>
    public ConfigurationOptions? Configuration { get; set; }

    /// <summary>
    /// The key of the stream that all nodes share. It is created if it does not exist. The default is
    /// <c>server-sent-events</c>. Give each application, and each type of properties, another key: nodes with the same
    /// key share their events.
    /// </summary>
    public string StreamKey { get; set; } = "server-sent-events";

    /// <summary>
    /// The number of messages that Redis keeps in memory, from 1,000; null for no limit. The default is 100,000.
    /// </summary>
    /// <remarks>
    /// Redis keeps somewhat more, because it removes messages in blocks. A message has one event on a quiet node, and up to 1,000 events
    /// or 64 KiB on a busy one. So 100,000 messages can take about 6 GiB of Redis' memory. The limit of the node that appends counts.
    /// </remarks>
    public int? MaxLength { get; set; } = 100_000;

    /// <summary>
    /// The age at which nodes remove messages, by the clock of Redis, from 1 minute; null for no limit. The default is 1 day.
    /// </summary>
    /// <remarks>
    /// <see cref="MaxLength"/> can remove them earlier. Each node removes old messages once a minute, and keeps the newest one.
    /// </remarks>
    public TimeSpan? MaxAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// The number of replicas that must have an event before it is confirmed: 0 or more. The default is 0: a failover can then
    /// lose the last confirmed events. While Redis has fewer replicas, nothing is confirmed.
    /// </summary>
    public int WaitForReplicas { get; set; }
}
