namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The behavior of a client.</summary>
internal enum ClientKind
{
    /// <summary>Reads until the end of the phase.</summary>
    Permanent,

    /// <summary>Reads for a while, leaves, and comes again as a new client.</summary>
    Returning,

    /// <summary>Reads for a while, leaves, and resumes from its last event id.</summary>
    Resuming,

    /// <summary>Reads 20 KB a second on average, with pauses of some seconds.</summary>
    Slow,

    /// <summary>Reads for a while. Then its connection breaks off.</summary>
    Vanishing,

    /// <summary>Never reads. The server must end its stream.</summary>
    NonReading,
}

/// <summary>Chooses the kinds of clients.</summary>
internal static class ClientKinds
{
    /// <summary>The percentage of each kind. Slow and non-reading clients are a tenth, as are the channels with large events.</summary>
    private static readonly (ClientKind Kind, int Percent)[] Shares =
    [
        (ClientKind.Permanent, 50), (ClientKind.Returning, 17), (ClientKind.Resuming, 18), (ClientKind.Slow, 5),
        (ClientKind.Vanishing, 5), (ClientKind.NonReading, 5),
    ];

    internal static ClientKind Choose(Random random)
    {
        var rest = random.Next(100);
        return Shares.First(share => (rest -= share.Percent) < 0).Kind;
    }

    /// <summary>Returns whether clients of a kind are in a channel with large events.</summary>
    internal static bool TakesLargeEvents(this ClientKind kind) => kind is ClientKind.Slow or ClientKind.NonReading;
}
