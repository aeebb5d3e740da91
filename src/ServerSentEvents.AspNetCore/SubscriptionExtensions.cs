using ServerSentEvents.AspNetCore;

namespace ServerSentEvents;

/// <summary>Extension methods that create responses from subscriptions.</summary>
public static class SubscriptionExtensions
{
    /// <summary>
    /// Returns a response that streams this subscription, for any minimal API handler and any MVC action. The publisher need
    /// not be registered.
    /// </summary>
    /// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
    /// <param name="subscription">The subscription, which has had no reader.</param>
    /// <returns>The result to return from the handler, which is executed once.</returns>
    /// <remarks>
    /// Prefer <see cref="PublisherExtensions.ToResult"/>, which reads the request's <c>Last-Event-ID</c>, and which leaves no
    /// subscription if the result is not executed. This method is for handlers that need the subscription before the response
    /// begins, for example to close it from elsewhere.
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="subscription"/> is null.</exception>
    /// <example>
    /// <code>
    /// using Microsoft.AspNetCore.Builder;
    /// using Microsoft.Extensions.DependencyInjection;
    /// using ServerSentEvents;
    ///
    /// var builder = WebApplication.CreateBuilder(args);
    /// builder.Services.AddServerSentEvents();
    /// var app = builder.Build();
    /// app.MapGet("/jobs/{id}", (string id, Publisher publisher) => publisher.Subscribe($"job {id}").ToResult());
    /// app.Run();
    /// </code>
    /// </example>
    public static SubscriptionResult<TProperties> ToResult<TProperties>(this Subscription<TProperties> subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        return new(subscription);
    }
}
