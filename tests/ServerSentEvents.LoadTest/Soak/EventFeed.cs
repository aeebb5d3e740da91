using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The events that the soak publishes. Each channel numbers its events from 1.</summary>
/// <remarks>
/// A tenth of the channels has large events, for clients that read slowly or do not read. Each request publishes at another node,
/// and waits until its events are confirmed, so the order of a channel is known.
/// </remarks>
internal sealed class EventFeed(IReadOnlyList<SoakNode> nodes, int clients, int rate)
{
    /// <summary>The bytes a second of a channel with large events.</summary>
    private const int LargeBytesPerSecond = 16 * 1024;

    private const int SmallBytes = 100;
    private const int MostBytes = 64 * 1024;
    private const int ClientsOfChannel = 50;
    private const int FewestChannels = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly int[] _numbers = new int[Math.Max(FewestChannels, clients / ClientsOfChannel)];

    internal int Channels => _numbers.Length;

    internal int LargeChannels => Channels / 10;

    internal long Published { get; private set; }

    /// <summary>Returns the number of the latest event of a channel. Its publishing may be under way.</summary>
    internal int LatestOf(int channel) => Volatile.Read(ref _numbers[channel]);

    internal async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        var start = Stopwatch.GetTimestamp();
        var lines = new StringBuilder();
        for (var turn = 0; !stop.IsCancellationRequested; turn++)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            var due = (long)(Stopwatch.GetElapsedTime(start).TotalSeconds * rate);
            lines.Clear();
            for (; Published < due; Published++)
            {
                var channel = (int)(Published % Channels);
                var number = Volatile.Read(ref _numbers[channel]) + 1;
                Volatile.Write(ref _numbers[channel], number);
                lines.Append(CultureInfo.InvariantCulture, $"{channel} {number} {BytesOf(channel)}\n");
            }

            await nodes[turn % nodes.Count].PublishAsync(lines.ToString());
        }
    }

    /// <summary>Returns the length of the last part of each event of a channel.</summary>
    internal int BytesOf(int channel) =>
        channel < LargeChannels ? Math.Clamp(LargeBytesPerSecond * Channels / rate, SmallBytes, MostBytes) : SmallBytes;
}
