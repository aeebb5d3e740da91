using ServerSentEvents.AspNetCore;

namespace ServerSentEvents;

/// <summary>Extension methods that create responses from publishers.</summary>
public static class PublisherExtensions
{
    /// <summary>
    /// Returns a response that subscribes when it is executed, for any minimal API handler and any MVC action. The publisher
    /// need not be registered.
    /// </summary>
    /// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
    /// <param name="publisher">The publisher to subscribe to.</param>
    /// <param name="options">The options of the subscription. They are read when the result is executed.</param>
    /// <returns>The result to return from the handler.</returns>
    /// <remarks>
    /// Put a prefix before a value of the request that names a channel. Otherwise, a client can choose any channel of the publisher,
    /// also the default channel.
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <example>
    /// <code>
    /// using Microsoft.AspNetCore.Builder;
    /// using Microsoft.Extensions.DependencyInjection;
    /// using ServerSentEvents;
    ///
    /// var builder = WebApplication.CreateBuilder(args);
    /// builder.Services.AddServerSentEvents(options => options.HistoryCapacity = 1_000);
    /// var app = builder.Build();
    /// app.MapGet("/rooms/{room}/events", (string room, Publisher publisher) =>
    ///     publisher.ToResult(new() { Channels = $"room {room}" }));
    /// app.Run();
    /// </code>
    /// </example>
    public static EventStreamResult<TProperties> ToResult<TProperties>(
        this Publisher<TProperties> publisher, SubscribeOptions<TProperties> options)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(options);
        return new(publisher, options);
    }
}
