namespace ServerSentEvents.Backplane.Contract;

/// <summary>A broker that a test can stop and start.</summary>
public interface ITestBroker
{
    /// <summary>Returns a transport to the stream of a name.</summary>
    IStreamTransport Open(string stream);

    /// <summary>Stops the broker so that its streams survive.</summary>
    Task StopAsync();

    Task StartAsync();

    Task DeleteAsync(string stream);
}
