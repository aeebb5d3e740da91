namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The behavior of a client.</summary>
internal enum ClientKind
{
    /// <summary>Reads until the end of the phase.</summary>
    Stayer,

    /// <summary>Reads for a while, leaves, and comes again as a new client.</summary>
    Comer,

    /// <summary>Reads for a while, leaves, and resumes from its last event id.</summary>
    Resumer,

    /// <summary>Reads 20 KB a second on average, with pauses of some seconds.</summary>
    SlowReader,

    /// <summary>Reads for a while. Then its connection breaks off.</summary>
    Vanisher,

    /// <summary>Never reads. The server must end its stream.</summary>
    Hanger,
}

/// <summary>Chooses the kinds of clients.</summary>
internal static class ClientKinds
{
    /// <summary>The percentage of each kind. Slow readers and hangers are a tenth, as are the channels with large events.</summary>
    private static readonly (ClientKind Kind, int Percent)[] Shares =
    [
        (ClientKind.Stayer, 50), (ClientKind.Comer, 17), (ClientKind.Resumer, 18), (ClientKind.SlowReader, 5),
        (ClientKind.Vanisher, 5), (ClientKind.Hanger, 5),
    ];

    internal static ClientKind Choose(Random random)
    {
        var rest = random.Next(100);
        return Shares.First(share => (rest -= share.Percent) < 0).Kind;
    }

    /// <summary>Returns whether clients of a kind are in a channel with large events.</summary>
    internal static bool TakesLargeEvents(this ClientKind kind) => kind is ClientKind.SlowReader or ClientKind.Hanger;
}
