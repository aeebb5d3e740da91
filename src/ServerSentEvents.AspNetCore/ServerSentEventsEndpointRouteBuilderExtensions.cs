using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ServerSentEvents;
using ServerSentEvents.AspNetCore;
using ServerSentEvents.AspNetCore.Internal;
using ServerSentEvents.Internal;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Extension methods that map endpoints for event streams.</summary>
/// <remarks>
/// <para>The endpoints answer GET and HEAD as <see cref="PublisherExtensions.ToResult"/> does. A handler that returns that result is
/// the recommended way where route values, services or other parameters are needed. Authorization, CORS, rate limiting
/// and other conventions work as for every endpoint. GET and HEAD have an endpoint each. Do not name them by <c>Finally</c> of a
/// group: both would get the name, and ASP.NET Core refuses a name that is not unique.</para>
/// <para>The last event id comes from the <c>Last-Event-ID</c> header, else from
/// <see cref="SubscribeOptions{TProperties}.LastEventId"/>, else from the query parameters <c>lastEventId</c> and
/// <c>Last-Event-ID</c>.</para>
/// <para>With C# 12 and earlier, a lambda that only returns null or throws is ambiguous: cast it to the type of the function.</para>
/// <para>When the application stops, the publisher is drained, whether it is registered or not. If a publisher has been
/// drained or disposed, a client gets only a <c>retry:</c>, and reconnects later.</para>
/// </remarks>
/// <example>
/// <code>
/// using Microsoft.AspNetCore.Builder;
/// using Microsoft.Extensions.DependencyInjection;
/// using ServerSentEvents;
///
/// var builder = WebApplication.CreateBuilder(args);
/// builder.Services.AddAuthentication().AddCookie();
/// builder.Services.AddAuthorization();
/// builder.Services.AddServerSentEvents&lt;User&gt;();
/// var app = builder.Build();
/// app.MapServerSentEvents&lt;User&gt;("/news", context => new SubscribeOptions&lt;User&gt;
/// {
///     Channels = "news",
///     Properties = new User(context.User.Identity!.Name!),
/// }).RequireAuthorization();
/// app.Run();
///
/// internal sealed record User(string Name);
/// </code>
/// </example>
public static class ServerSentEventsEndpointRouteBuilderExtensions
{
    /// <summary>Maps a route to the default channel of <see cref="Publisher"/>.</summary>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="pattern">The pattern of the route, such as <c>/events</c>.</param>
    /// <returns>The endpoint, for further configuration.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value of <see cref="EventStreamOptions"/> is out of its range.</exception>
    /// <exception cref="ArgumentException">An option of the publisher, which is created here, is outside its range.</exception>
    /// <exception cref="InvalidOperationException"><c>AddServerSentEvents()</c> has not been called.</exception>
    public static IEndpointConventionBuilder MapServerSentEvents(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var publisher = endpoints.ServiceProvider.GetService<Publisher>() ?? throw NotRegistered("AddServerSentEvents()");
        return endpoints.MapServerSentEvents<object?>(pattern, publisher);
    }

    /// <summary>Maps a route to the default channel of a publisher, with default properties.</summary>
    /// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="pattern">The pattern of the route, such as <c>/events</c>.</param>
    /// <param name="publisher">The publisher, which need not be registered.</param>
    /// <returns>The endpoint, for further configuration.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value of <see cref="EventStreamOptions"/> is out of its range.</exception>
    public static IEndpointConventionBuilder MapServerSentEvents<TProperties>(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, Publisher<TProperties> publisher) =>
        endpoints.MapServerSentEvents(pattern, publisher, static _ => new SubscribeOptions<TProperties>());

    /// <summary>Maps a route to the registered publisher, with options for each request.</summary>
    /// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="pattern">The pattern of the route, such as <c>/events</c>.</param>
    /// <param name="subscribe">
    /// A function that returns the options of the subscription. It is called for each request, concurrently, before the
    /// subscription exists. Null refuses the client with the status that the function has set, for example 403. If the
    /// function has set none, the status is 204, after which a browser does not reconnect. If the function throws, the
    /// answer is an error, after which a browser does not reconnect either.
    /// </param>
    /// <returns>The endpoint, for further configuration.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value of <see cref="EventStreamOptions"/> is out of its range.</exception>
    /// <exception cref="ArgumentException">An option of the publisher, which is created here, is outside its range.</exception>
    /// <exception cref="InvalidOperationException"><c>AddServerSentEvents</c> has not been called for this type.</exception>
    [OverloadResolutionPriority(1)]
    public static IEndpointConventionBuilder MapServerSentEvents<TProperties>(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Func<HttpContext, SubscribeOptions<TProperties>?> subscribe) =>
        endpoints.MapServerSentEvents(pattern, PublisherOf<TProperties>(endpoints), subscribe);

    /// <inheritdoc cref="MapServerSentEvents{TProperties}(IEndpointRouteBuilder, string, Func{HttpContext, SubscribeOptions{TProperties}?})"/>
    public static IEndpointConventionBuilder MapServerSentEvents<TProperties>(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Func<HttpContext, ValueTask<SubscribeOptions<TProperties>?>> subscribe) =>
        endpoints.MapServerSentEvents(pattern, PublisherOf<TProperties>(endpoints), subscribe);

    /// <summary>Maps a route to a publisher, with options for each request.</summary>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="pattern">The pattern of the route, such as <c>/events</c>.</param>
    /// <param name="publisher">The publisher, which need not be registered.</param>
    /// <param name="subscribe">
    /// A function that returns the options of the subscription, as for the registered publisher.
    /// </param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value of <see cref="EventStreamOptions"/> is out of its range.</exception>
    /// <inheritdoc cref="MapServerSentEvents{TProperties}(IEndpointRouteBuilder, string, Func{HttpContext, SubscribeOptions{TProperties}?})"/>
    [OverloadResolutionPriority(1)]
    public static IEndpointConventionBuilder MapServerSentEvents<TProperties>(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Publisher<TProperties> publisher,
        Func<HttpContext, SubscribeOptions<TProperties>?> subscribe)
    {
        ArgumentNullException.ThrowIfNull(subscribe);
        return endpoints.MapServerSentEvents(
            pattern, publisher, context => new ValueTask<SubscribeOptions<TProperties>?>(subscribe(context)));
    }

    /// <inheritdoc cref="MapServerSentEvents{TProperties}(IEndpointRouteBuilder, string, Publisher{TProperties}, Func{HttpContext, SubscribeOptions{TProperties}?})"/>
    public static IEndpointConventionBuilder MapServerSentEvents<TProperties>(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Publisher<TProperties> publisher,
        Func<HttpContext, ValueTask<SubscribeOptions<TProperties>?>> subscribe)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(subscribe);
        return EventStreamEndpoint<TProperties>.Map(endpoints, pattern, publisher, subscribe);
    }

    private static Publisher<TProperties> PublisherOf<TProperties>(IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return endpoints.ServiceProvider.GetService<Publisher<TProperties>>()
            ?? throw NotRegistered($"AddServerSentEvents<{EventPublisherDescriptor.NameOf(typeof(TProperties))}>()");
    }

    private static InvalidOperationException NotRegistered(string call) => new(
        $"There is no publisher to map to. Call builder.Services.{call} before the application is built.");
}
