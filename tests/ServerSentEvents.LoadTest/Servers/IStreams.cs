namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The event streams of a server on Kestrel.</summary>
internal interface IStreams
{
    /// <summary>Adds services to the application.</summary>
    void Register(IServiceCollection services)
    {
    }

    /// <summary>Answers clients at a path.</summary>
    void Map(IEndpointRouteBuilder endpoints, string path);

    /// <summary>Sends an event to all clients.</summary>
    void Publish(string data);
}
