namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A kind of server.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Title">The title in the table.</param>
/// <param name="ExtraBytes">The bytes that this server adds to each event, beyond the bytes that all servers write.</param>
/// <param name="NewStreams">Creates the streams of a server on Kestrel, personalized or not; null for other servers.</param>
internal sealed record ServerKind(string Name, string Title, int ExtraBytes, Func<bool, IStreams>? NewStreams)
{
    internal static readonly ServerKind Ours =
        new("ours", "this library", 0, static isPersonalized => isPersonalized ? new PersonalizedOurs() : new Ours());

    /// <summary>The server nchan, which writes an id with each event: <c>id: 1234567890:0</c> or one digit more.</summary>
    internal static readonly ServerKind Nchan = new("nchan", "nchan (nginx)", 17, NewStreams: null);

    internal static readonly ServerKind BareBatch = new("bare-batch", "a bare loop, one send of all that is new", 0, NewStreams: null);

    internal static IReadOnlyList<ServerKind> All { get; } =
    [
        Ours,
        new("channel", "a `Channel` per client", 0, static isPersonalized => new ChannelLoop(isPersonalized)),
        new("typed-results", "`TypedResults.ServerSentEvents`", 0, static isPersonalized => new TypedResultsLoop(isPersonalized)),
        Nchan,
        new("bare", "a bare loop, one send for each event", 0, NewStreams: null),
        BareBatch,
    ];

    /// <summary>Runs a server of this kind in this process, until the input ends.</summary>
    internal Task RunAsync(Setup setup) =>
        NewStreams is null ? BareServer.RunAsync(isBatching: this == BareBatch) : WebServer.RunAsync(NewStreams(setup.Personalized), setup);

    /// <exception cref="ArgumentException">No server has that name.</exception>
    internal static ServerKind Named(string name) =>
        All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new ArgumentException($"There is no server '{name}'. The servers are: {string.Join(", ", All.Select(kind => kind.Name))}.", nameof(name));
}
