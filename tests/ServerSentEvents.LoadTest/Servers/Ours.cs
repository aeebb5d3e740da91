namespace ServerSentEvents.LoadTest.Servers;

/// <summary>This library as an application uses it, with two lines of code and heartbeats.</summary>
internal sealed class Ours : IStreams
{
    private Publisher _publisher = null!;

    public void Register(IServiceCollection services) => services.AddServerSentEvents();

    public void Map(IEndpointRouteBuilder endpoints, string path)
    {
        endpoints.MapServerSentEvents(path);
        _publisher = endpoints.ServiceProvider.GetRequiredService<Publisher>();
    }

    public void Publish(string data) => _publisher.Publish(data);
}
