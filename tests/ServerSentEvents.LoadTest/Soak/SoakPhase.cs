using ServerSentEvents.LoadTest.Nodes.Brokers;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>A part of the soak with its own server processes.</summary>
/// <param name="Name">The name on the command line and in the table.</param>
/// <param name="Setup">The protocol of the clients.</param>
/// <param name="Broker">The broker that two servers share; null for one server without a broker.</param>
internal sealed record SoakPhase(string Name, Setup Setup, Broker? Broker)
{
    internal static IReadOnlyList<SoakPhase> All { get; } =
    [
        new("http1", new Setup(), Broker: null),
        new("tls", new Setup(Tls: true), Broker: null),
        new("http2", new Setup(Tls: true, Http2: 100), Broker: null),
        .. Broker.All.Select(broker => new SoakPhase(broker.Name, new Setup(), broker)),
    ];

    internal int NodeCount => Broker is null ? 1 : 2;

    /// <exception cref="ArgumentException">No phase has that name.</exception>
    internal static SoakPhase Named(string name) =>
        All.FirstOrDefault(phase => phase.Name == name)
        ?? throw new ArgumentException($"There is no phase '{name}'. The phases are: {string.Join(", ", All.Select(phase => phase.Name))}.", nameof(name));
}
