namespace ServerSentEvents.LoadTest.Clients;

/// <summary>A version of HTTP: sends the requests of a connection's clients, and reads the responses.</summary>
internal interface IHttpReader
{
    /// <summary>The bytes that the connection starts with.</summary>
    byte[] Request { get; }

    /// <summary>Takes a part of what the server sends, which may begin and end anywhere. May overwrite the part.</summary>
    void Receive(Span<byte> bytes);
}
