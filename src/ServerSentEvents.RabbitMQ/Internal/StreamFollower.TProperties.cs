using System.Globalization;
using System.Security.Cryptography;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// What this node knows of the stream, through any number of connections: where it is, and which stream it is.
/// </summary>
/// <remarks>
/// <para><b>Epochs.</b> A stream that was deleted and made anew counts from 0 again, and the protocol has no name by which to
/// tell it from the old one. So each message names the epoch that its writer takes the stream to be in, and a node is in the
/// highest that it has read. An event's id is its epoch and its position: those of another epoch are gaps. An epoch begins with the
/// time at which somebody chose it, and whoever knows one chooses a higher one, so that a message from a writer that has
/// yet to notice a new stream changes nothing. Two nodes that choose at once agree as soon as both have read both choices.
/// What a client may have missed at a change of epoch nobody knows: all subscriptions end, and old ids are gaps.</para>
/// <para><b>To go on</b> after an outage, a node reads from its last message on, that one included, and has to find the very
/// same bytes at its offset. It may be another stream that ends before that offset, where a reader would wait for ever:
/// so it first begins to read with the last messages of the stream, and then writes a marker, until it has met either an
/// offset as high as its own or that marker below it. If it is another stream, only epochs above that of the old one count.</para>
/// <para><b>To begin</b>, it reads as far back as it is told to, and only remembers what it reads, until a marker comes back
/// that it wrote when it had begun: then it has caught up. If no epoch stood in between, that of the oldest message that the
/// stream still has will do; if there is none either, the stream is new, and the node chooses one and says so by a marker.</para>
/// <para>One thread at a time comes here: the loop only before it begins to read, and when a marker of its own has come.</para>
/// </remarks>
internal sealed partial class StreamFollower<TProperties>(
    LocalDelivery<TProperties> delivery, Outbox outbox, ReadingLag lag, Settings<TProperties> settings)
{
    private const int NodesRemembered = 1024;

    private readonly SeenMessages _seen = new(NodesRemembered);
    private readonly LastMessage _last = new();

    /// <summary>The stream's epoch; 0 while it is not known.</summary>
    private ulong _epoch;

    /// <summary>The epoch as ids have it.</summary>
    private string _name = Name(0);

    /// <summary>The epoch of a stream that is no more: none up to it is that of this one.</summary>
    private ulong _lostEpoch;

    /// <summary>Whether what is read is old: it is remembered, but nobody is sent it.</summary>
    private volatile bool _isCatchingUp = true;

    /// <summary>Whether the next message has to be the one that was read last.</summary>
    private bool _isGoingOn;

    /// <summary>What is to come back before this node has caught up.</summary>
    private volatile OutgoingItem? _marker;

    /// <summary>Begins to read, or goes on, and returns when it has caught up.</summary>
    internal async Task AttachAsync(IStreamReader reader, CancellationToken cancellationToken)
    {
        if (_last.Offset is { } last)
        {
            var marker = NewMarker(epoch: 0);
            try
            {
                if (!await StreamProbe.ReachesAsync(reader, last, marker, outbox, cancellationToken).ConfigureAwait(false))
                    Lose(last);
            }
            finally
            {
                Withdraw(marker);
            }
        }

        _isGoingOn = _last.Offset is not null;
        _marker = NewMarker(_epoch);
        await reader.ReadAsync(Start(), Read, cancellationToken).ConfigureAwait(false);
        await ComeBackAsync(_marker, reader, cancellationToken).ConfigureAwait(false);
        if (_isCatchingUp)
        {
            var (above, before) = (_lostEpoch, _last.Offset!.Value);
            var epoch = await StreamProbe.FindEpochAsync(reader, above, before, cancellationToken).ConfigureAwait(false);
            _marker = NewMarker(epoch ?? NewEpoch());
            await ComeBackAsync(_marker, reader, cancellationToken).ConfigureAwait(false);
        }

        outbox.SendEventsIn(Volatile.Read(ref _epoch));
    }

    private async Task ComeBackAsync(OutgoingItem marker, IStreamReader reader, CancellationToken cancellationToken)
    {
        outbox.Add(marker);
        try
        {
            await marker.Done.OrLost(reader, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Withdraw(marker);
        }
    }

    /// <summary>The next attempt may begin to read behind it: it is no longer owed. Without effect on one that has come back.</summary>
    private void Withdraw(OutgoingItem marker) =>
        outbox.Withdraw(marker, new OperationCanceledException("Nobody waits for it to come back."));

    private StreamStart Start()
    {
        if (_last.Offset is { } offset)
            return StreamStart.At(offset);
        // One that was made anew has to be read from its beginning: what stands before its first epoch nobody delivers.
        if (_lostEpoch != 0)
            return StreamStart.First;
        var now = settings.TimeProvider.GetUtcNow();
        return settings.ReadBack is { } readBack && now - DateTimeOffset.UnixEpoch > readBack
            ? StreamStart.At(now - readBack)
            : StreamStart.First;
    }

    private OutgoingItem NewMarker(ulong epoch) => new(encoded: null, epoch, settings.TimeProvider.GetTimestamp());

    /// <summary>Forty-eight bits of milliseconds, and sixteen at random for those who choose in the same one.</summary>
    private ulong NewEpoch()
    {
        var milliseconds = (ulong)settings.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        return Math.Max((milliseconds << 16) | (uint)RandomNumberGenerator.GetInt32(1 << 16), _lostEpoch + 1);
    }

    private void Enter(ulong epoch, long before)
    {
        Volatile.Write(ref _epoch, epoch);
        _name = Name(epoch);
        BeginAnew(before);
        if (!_isCatchingUp)
            outbox.SendEventsIn(epoch);
    }

    private void BeginAnew(long before)
    {
        if (!_isCatchingUp)
            Metrics.Gaps.Add(1);
        delivery.BeginAfter(_name, before);
    }

    private void EndCatchingUp(long offset)
    {
        _isCatchingUp = false;
        delivery.EndAll();
        Log.CaughtUp(settings.Logger, settings.StreamName, offset, _name);
    }

    private void Lose(long last)
    {
        Log.AnotherStream(settings.Logger, settings.StreamName, last);
        Metrics.Gaps.Add(1);
        _last.Forget();
        _lostEpoch = Math.Max(_epoch, _lostEpoch);
        _epoch = 0;
        _isCatchingUp = true;
        // Nobody's: what is read before the epoch is known has no position that anybody could go on from.
        _name = Name(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        delivery.BeginAfter(_name, before: -1);
    }

    private static string Name(ulong epoch) => epoch.ToString("x16", CultureInfo.InvariantCulture);
}
