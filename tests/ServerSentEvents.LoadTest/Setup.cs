using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>The settings that a server and its clients share.</summary>
/// <param name="Inline">True if Kestrel prefers inline scheduling to the thread pool.</param>
/// <param name="Tls">True if clients connect over TLS.</param>
/// <param name="Http2">The HTTP/2 streams on each connection; 0 for HTTP/1.1.</param>
/// <param name="Personalized">True if each client gets its own form of each event.</param>
/// <param name="Background">The work items that keep the server's thread pool busy.</param>
internal sealed record Setup(bool Inline = false, bool Tls = false, int Http2 = 0, bool Personalized = false, int Background = 0)
{
    /// <summary>True if only a server on Kestrel can have these settings.</summary>
    internal bool NeedsKestrel => Tls || Http2 > 0 || Personalized || Background > 0;

    internal int StreamsPerConnection => Math.Max(1, Http2);

    /// <summary>The settings in words, for the title of a table.</summary>
    internal string Description => string.Concat(
        Http2 > 0 ? string.Create(CultureInfo.InvariantCulture, $" over HTTP/2, {Http2} to a connection") : "",
        Tls ? " over TLS" : "",
        Inline ? ", inline scheduling" : "",
        Personalized ? ", personalized" : "",
        Background > 0 ? string.Create(CultureInfo.InvariantCulture, $", {Background} work items of 10 ms in the thread pool") : "");

    internal static Setup Parse(string text)
    {
        var parts = text.Split(',');
        return new Setup(
            bool.Parse(parts[0]), bool.Parse(parts[1]), LoadTest.Parse.Number(parts[2]), bool.Parse(parts[3]),
            LoadTest.Parse.Number(parts[4]));
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Inline},{Tls},{Http2},{Personalized},{Background}");
}
