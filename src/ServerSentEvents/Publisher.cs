namespace ServerSentEvents;

/// <summary>
/// A <see cref="Publisher{TProperties}"/> without typed properties: each subscriber has any object, or null.
/// </summary>
/// <remarks>
/// All members are safe to use from several threads at the same time. Dispose the publisher when the application stops.
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents;
///
/// using var publisher = new Publisher();
/// var subscription = publisher.Subscribe("news");
/// publisher.Publish("hello", "news");              // the subscription yields "data: hello\n\n"
/// </code>
/// </example>
public class Publisher : Publisher<object?>
{
    /// <summary>Initializes a publisher with default options and no subscribers.</summary>
    public Publisher()
    {
    }

    /// <summary>Initializes a publisher with options and no subscribers.</summary>
    /// <param name="options">The options. They are copied.</param>
    /// <inheritdoc cref="Publisher{TProperties}(PublisherOptions)" path="/exception"/>
    public Publisher(PublisherOptions options)
        : base(options)
    {
    }
}
