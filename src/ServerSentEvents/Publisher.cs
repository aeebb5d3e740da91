namespace ServerSentEvents;

/// <summary>
/// A <see cref="Publisher{TProperties}"/> for those who need no typed properties: each subscriber has any object, or none.
/// </summary>
/// <example>
/// <code>
/// var publisher = new Publisher();
/// var subscription = publisher.Subscribe();
/// publisher.Publish("hello");                      // subscription yields "data: hello\n\n"
/// </code>
/// </example>
public class Publisher : Publisher<object?>
{
    /// <summary>A publisher with default settings and no subscribers.</summary>
    public Publisher()
    {
    }

    /// <summary>A publisher with settings of its own and no subscribers.</summary>
    /// <inheritdoc cref="Publisher{TProperties}(PublisherOptions)" path="/exception"/>
    public Publisher(PublisherOptions options)
        : base(options)
    {
    }
}
