using ServerSentEvents.AspNetCore;

namespace ServerSentEvents;

/// <summary>Subscriptions as responses.</summary>
public static class SubscriptionExtensions
{
    /// <summary>
    /// A response that is this subscription's stream, for any minimal API handler and any MVC action. The publisher need not
    /// be registered. Whoever takes it in a handler of their own passes the <c>Last-Event-ID</c> header on by themselves.
    /// </summary>
    /// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
    /// <param name="subscription">The subscription, which nobody has read yet.</param>
    /// <returns>A result to be returned, and executed once.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="subscription"/> is null.</exception>
    /// <example>
    /// <code>
    /// app.MapGet("/news/{topic}", (string topic, Publisher publisher) => publisher.Subscribe(topic).ToResult());
    /// </code>
    /// </example>
    public static SubscriptionResult<TProperties> ToResult<TProperties>(this Subscription<TProperties> subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        return new(subscription);
    }
}
