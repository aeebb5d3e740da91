namespace ServerSentEvents.LoadTest.Servers;

/// <summary>This library with personalized events. A function makes the data from each client's name.</summary>
internal sealed class PersonalizedOurs : IStreams
{
    private Publisher<string> _publisher = null!;

    public void Register(IServiceCollection services) => services.AddServerSentEvents<string>();

    public void Map(IEndpointRouteBuilder endpoints, string path)
    {
        endpoints.MapServerSentEvents<string>(
            path, context => new SubscribeOptions<string> { Properties = context.Request.Query["client"].ToString() });
        _publisher = endpoints.ServiceProvider.GetRequiredService<Publisher<string>>();
    }

    public void Publish(string data) => _publisher.Publish(name => EventData.Personalize(data, name));
}
