using System.Text;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>The position of one client in the shared stream.</summary>
internal sealed class Reader(Audience audience, int number, bool isPersonalized)
{
    /// <summary>The client's name in personalized events; null if all clients get the same bytes.</summary>
    private readonly byte[]? _name = isPersonalized ? Encoding.ASCII.GetBytes(EventData.NameOf(number)) : null;

    /// <summary>The number of received bytes of the name.</summary>
    private int _named = EventData.NameLength;

    /// <summary>The path and query of the client's request.</summary>
    internal string Path => isPersonalized ? $"{Servers.WebServer.Path}?client={EventData.NameOf(number)}" : Servers.WebServer.Path;

    /// <summary>The place in the shared stream.</summary>
    internal int Position { get; set; }

    /// <summary>The number of events of the shared stream that the client has received.</summary>
    internal int Events { get; set; }

    /// <summary>Takes the head of a successful response.</summary>
    internal void Open() => audience.Opened();

    /// <summary>Takes a part of the body.</summary>
    internal void Accept(Span<byte> data)
    {
        if (_name is not null)
            HideName(data);
        Position = audience.Stream.Accept(Position, data);
        audience.Received(this);
    }

    /// <summary>Replaces the client's name by zeros, so that all clients have the same bytes.</summary>
    /// <exception cref="InvalidDataException">The event has the name of another client.</exception>
    private void HideName(Span<byte> data)
    {
        while (true)
        {
            var count = Math.Min(data.Length, EventData.NameLength - _named);
            if (!data[..count].SequenceEqual(_name.AsSpan(_named, count)))
                throw new InvalidDataException("A client received another client's event.");
            data[..count].Fill((byte)'0');
            _named += count;
            data = data[count..];
            var mark = data.IndexOf(EventData.NameMark);
            if (mark < 0)
                return;
            data = data[(mark + 1)..];
            _named = 0;
        }
    }
}
