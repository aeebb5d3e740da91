namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The clients of one kind of server.</summary>
internal interface IStreams
{
    /// <summary>Adds what it needs to the application's services.</summary>
    void Register(IServiceCollection services)
    {
    }

    /// <summary>Answers clients at a path.</summary>
    void Map(IEndpointRouteBuilder endpoints, string path);

    /// <summary>Sends an event to all of them.</summary>
    void Publish(string data);
}
