namespace ServerSentEvents.LoadTest.Clients;

/// <summary>Sends the requests of a connection's clients in one version of HTTP, and reads the responses.</summary>
internal interface IHttpReader
{
    /// <summary>The bytes that the connection starts with.</summary>
    byte[] Request { get; }

    /// <summary>Takes a part of the received bytes. A part may begin and end anywhere. May overwrite the part.</summary>
    void Receive(Span<byte> bytes);
}
