namespace ServerSentEvents.AspNetCore;

/// <summary>Settings of all responses that are event streams, for the whole application.</summary>
/// <remarks>
/// <para>The options need no registration. They are read and copied once, when the first endpoint is mapped, the application
/// starts with a registered publisher, or the first stream begins. A value outside its range throws an
/// <see cref="ArgumentOutOfRangeException"/> there. A value from configuration throws an <see cref="InvalidOperationException"/> that
/// names the key. Later changes have no effect.</para>
/// <para>The times come from the <see cref="TimeProvider"/> of the application's services, or else from
/// <see cref="TimeProvider.System"/>. <see cref="UnresponsiveTimeout"/> is different: the operating system measures
/// it.</para>
/// <para>Do not change an instance from several threads at the same time.</para>
/// </remarks>
/// <example>
/// <code>
/// using Microsoft.AspNetCore.Builder;
/// using Microsoft.Extensions.DependencyInjection;
/// using ServerSentEvents.AspNetCore;
///
/// var builder = WebApplication.CreateBuilder();
/// builder.Services.Configure&lt;EventStreamOptions&gt;(options => options.MaxStreamAge = TimeSpan.FromHours(1));
/// </code>
/// </example>
public sealed class EventStreamOptions
{
    /// <summary>The default of <see cref="UnresponsiveTimeout"/>, in seconds.</summary>
    internal const int DefaultUnresponsiveTimeoutSeconds = 30;

    /// <summary>True if a stream ends when the authentication of its request expires. The default is true.</summary>
    /// <remarks>
    /// <para>The time is <c>ExpiresUtc</c> of the authentication result: the end of a cookie's ticket or of a bearer
    /// token. The middleware of ASP.NET Core provides it. Without that middleware, or if the result has no such time, the
    /// stream has no end. If the time is in the past when the stream begins, which the clock skew of bearer tokens allows,
    /// the stream lasts 30 seconds.</para>
    /// <para>Code that replaces <c>HttpContext.User</c> after the middleware discards the result, and the stream has no end. An MVC
    /// filter that authenticates by named schemes discards the result, too. To add claims, register an <c>IClaimsTransformation</c>,
    /// which keeps the result.</para>
    /// <para>The stream ends as after <see cref="Subscription{TProperties}.Close"/>: the client gets the queued events, and
    /// reconnects. If the user is still signed in, the client resumes where the publisher has a history. Otherwise it gets a 401, and
    /// a browser stops.</para>
    /// <para><b>Sliding expiration.</b> An open stream is not activity: it does not extend the ticket, and it ends when the
    /// ticket of the stream's request expires. If other requests have renewed the cookie by then, the client reconnects with the
    /// new cookie. To keep a user signed in while only a stream is open, set <see cref="MaxStreamAge"/> below half of the
    /// cookie's lifetime: the requests of the reconnecting client then renew the cookie in time.</para>
    /// </remarks>
    public bool CloseOnAuthenticationExpiration { get; set; } = true;

    /// <summary>The age at which a stream ends: above zero, or null for no limit. The default is null.</summary>
    /// <remarks>
    /// The stream ends as after <see cref="Subscription{TProperties}.Close"/>, as for
    /// <see cref="CloseOnAuthenticationExpiration"/>. The earlier of the two times applies. The client reconnects, and the
    /// application decides again whether to accept it. Clients that came together reconnect together: set
    /// <see cref="PublisherOptions.ReconnectionInterval"/> and <see cref="PublisherOptions.ReconnectionJitter"/> to spread them.
    /// </remarks>
    public TimeSpan? MaxStreamAge { get; set; }

    /// <summary>
    /// The time after which the connection of a client that has vanished, or that reads nothing, is aborted: from one
    /// second to about 24 days (<see cref="int.MaxValue"/> milliseconds). The default is 30 seconds.
    /// <see cref="Timeout.InfiniteTimeSpan"/> leaves the connection to the operating system.
    /// </summary>
    /// <remarks>
    /// <para><b>Linux.</b> The option <c>TCP_USER_TIMEOUT</c> of the connection's socket is set to this time. The system
    /// resets the connection when sent data is unacknowledged, or the receive window is closed, for this long. A heartbeat
    /// provides the data on an idle stream, so a client that has vanished is noticed within this time plus 1.25
    /// <see cref="PublisherOptions.HeartbeatInterval"/>. TCP keepalive is switched on as well, with probes after half of
    /// this time, for streams without heartbeats. Kestrel logs such an end as a warning with
    /// <see cref="System.Net.Sockets.SocketError.TimedOut"/>.</para>
    /// <para><b>Other systems.</b> Only TCP keepalive is used. It notices a client that has vanished from an idle
    /// connection. The system's own limit of retransmissions applies to unacknowledged data. A client that reads nothing
    /// is not noticed.</para>
    /// <para><b>Slow clients.</b> Linux reopens a closed receive window when about a sixteenth of the receive buffer is free,
    /// so a client that is far behind must read that much within this time. For the largest receive buffer of Linux (6 MB)
    /// and the default of 30 seconds, that is 12.5 KB a second. A client that keeps up is not affected.</para>
    /// <para><b>HTTP/1.1.</b> The socket's former value is restored when the stream ends, so later requests of the
    /// connection have the system's limits again. TCP keepalive stays on. <b>HTTP/2.</b> The time applies to the whole connection,
    /// and stays until the connection closes. A client that does not read one stream has a closed window of HTTP/2, not of TCP, and
    /// remains connected. <b>HTTP/3</b> has no such socket: the idle timeout of QUIC applies.</para>
    /// <para>A socket that already has a <c>TCP_USER_TIMEOUT</c> or TCP keepalive keeps it. Behind a proxy, the connection
    /// is the proxy's, and the proxy decides about its own clients. Servers other than Kestrel do not offer their sockets:
    /// the value has no effect there.</para>
    /// <para><b>Memory of the system.</b> For a client that does not read, Linux buffers sent data outside the process and its
    /// limits. The third value of the setting <c>net.ipv4.tcp_wmem</c>, 4 MB by default, bounds it for each connection of the
    /// machine. For one server, set <c>SendBufferSize</c> of the listening socket in
    /// <c>SocketTransportOptions.CreateBoundListenSocket</c>: accepted sockets inherit it. A smaller buffer also limits the
    /// throughput of one connection, to about the buffer's size for each round trip.</para>
    /// </remarks>
    public TimeSpan UnresponsiveTimeout { get; set; } = TimeSpan.FromSeconds(DefaultUnresponsiveTimeoutSeconds);

    /// <summary>
    /// True if the query of a request can name the last event id, as <c>?lastEventId=</c> or <c>?Last-Event-ID=</c>. The
    /// default is true.
    /// </summary>
    /// <remarks>
    /// The query is for clients that cannot set headers, such as an <c>EventSource</c> that a page creates again. The header
    /// <c>Last-Event-ID</c> has precedence.
    /// </remarks>
    public bool AcceptLastEventIdQuery { get; set; } = true;
}
