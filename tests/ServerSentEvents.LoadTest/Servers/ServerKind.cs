namespace ServerSentEvents.LoadTest.Servers;

/// <summary>One of the servers that are compared.</summary>
/// <param name="Name">As it is called on the command line.</param>
/// <param name="Title">As it is called in the table.</param>
/// <param name="ExtraBytes">What it writes with each event beyond the data and what all write.</param>
/// <param name="NewStreams">What it does with its clients; null for one that is not ours to write.</param>
internal sealed record ServerKind(string Name, string Title, int ExtraBytes, Func<IStreams>? NewStreams)
{
    internal static readonly ServerKind Ours = new("ours", "this library", 0, static () => new Ours());

    /// <summary>It writes its id with each event, <c>id: 1234567890:0</c>, and sometimes a digit more.</summary>
    internal static readonly ServerKind Nchan = new("nchan", "nchan (nginx)", 17, NewStreams: null);

    internal static IReadOnlyList<ServerKind> All { get; } =
    [
        Ours,
        new("channel", "a `Channel` per client", 0, static () => new ChannelLoop()),
        new("typed-results", "`TypedResults.ServerSentEvents`", 0, static () => new TypedResultsLoop()),
        Nchan,
    ];

    /// <exception cref="ArgumentException">There is none of that name.</exception>
    internal static ServerKind Named(string name) =>
        All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new ArgumentException($"There is no server '{name}', but: {string.Join(", ", All.Select(kind => kind.Name))}.", nameof(name));
}
