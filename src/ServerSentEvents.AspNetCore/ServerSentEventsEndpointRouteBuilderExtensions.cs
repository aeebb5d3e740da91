using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ServerSentEvents;
using ServerSentEvents.AspNetCore.Internal;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps endpoints that answer with a stream of Server-Sent Events.</summary>
/// <remarks>
/// They are endpoints as all others: authorization, CORS, rate limiting and route parameters work as everywhere. A request's
/// <c>Last-Event-ID</c> is passed on, unless <see cref="SubscribeOptions{TProperties}.LastEventId"/> was set. Where a
/// publisher is draining or disposed of, a client is told when to come back, and nothing else.
/// </remarks>
/// <example>
/// <code>
/// app.MapServerSentEvents&lt;User&gt;("/rooms/{room}/events", context => new SubscribeOptions&lt;User&gt;
/// {
///     Channels = (string)context.Request.RouteValues["room"]!,
///     Properties = new User(context.User.Identity!.Name!),
/// }).RequireAuthorization();
/// </code>
/// </example>
public static class ServerSentEventsEndpointRouteBuilderExtensions
{
    /// <summary>Maps GET requests to the default channel of <see cref="Publisher"/>.</summary>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="pattern">The route.</param>
    /// <returns>The endpoint, to be configured further.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">An option of the publisher, which is made here, is out of its range.</exception>
    /// <exception cref="InvalidOperationException"><c>AddServerSentEvents()</c> has not been called.</exception>
    public static IEndpointConventionBuilder MapServerSentEvents(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var publisher = endpoints.ServiceProvider.GetService<Publisher>() ?? throw NotRegistered("AddServerSentEvents()");
        return EventStreamEndpoint<object?>.Map(endpoints, pattern, publisher, static _ => new(new SubscribeOptions<object?>()));
    }

    /// <summary>Maps GET requests to whatever a function says of each.</summary>
    /// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
    /// <param name="endpoints">The application's endpoints.</param>
    /// <param name="pattern">The route.</param>
    /// <param name="subscribe">
    /// Called for each request; says whom the client becomes a subscriber as, and of what. With null the answer is 204, which
    /// tells a client to stop, for good. Where it throws, the answer is an error, at which a browser gives up for good too.
    /// </param>
    /// <returns>The endpoint, to be configured further.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">An option of the publisher, which is made here, is out of its range.</exception>
    /// <exception cref="InvalidOperationException"><c>AddServerSentEvents</c> has not been called for this type.</exception>
    public static IEndpointConventionBuilder MapServerSentEvents<TProperties>(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Func<HttpContext, SubscribeOptions<TProperties>?> subscribe)
    {
        ArgumentNullException.ThrowIfNull(subscribe);
        return endpoints.MapServerSentEvents(pattern, context => new ValueTask<SubscribeOptions<TProperties>?>(subscribe(context)));
    }

    /// <inheritdoc cref="MapServerSentEvents{TProperties}(IEndpointRouteBuilder, string, Func{HttpContext, SubscribeOptions{TProperties}?})"/>
    public static IEndpointConventionBuilder MapServerSentEvents<TProperties>(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Func<HttpContext, ValueTask<SubscribeOptions<TProperties>?>> subscribe)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(subscribe);
        var publisher = endpoints.ServiceProvider.GetService<Publisher<TProperties>>()
            ?? throw NotRegistered($"AddServerSentEvents<{NameOf(typeof(TProperties))}>()");
        return EventStreamEndpoint<TProperties>.Map(endpoints, pattern, publisher, subscribe);
    }

    private static InvalidOperationException NotRegistered(string call) => new(
        $"There is no publisher to map to. Call builder.Services.{call} before the application is built.");

    /// <summary>As it is written in C#, to be copied into the call.</summary>
    private static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;
}
