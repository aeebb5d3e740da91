using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Backplane.Internal.Publishing;

namespace ServerSentEvents.Backplane.Tests.Publishing;

/// <summary>Tests what an outbox keeps in memory.</summary>
public sealed class OutboxMemoryTests : IDisposable
{
    private readonly Outbox _outbox = new(new FakeTimeProvider(), TimeSpan.FromSeconds(10)) { Obstacle = null };

    public OutboxMemoryTests() => _outbox.BeginConnection();

    public void Dispose() => _outbox.Dispose();

    [Fact]
    public void Take_MessageIsUnconfirmed_KeepsTheBytesOfItsItemsOnce()
    {
        var bytes = AddBytes();
        var message = _outbox.Take();

        GC.Collect();

        bytes.IsAlive.Should().BeFalse("the message has them");
        message!.Items.Should().ContainSingle();
    }

    [Fact]
    public void Withdraw_ManyAfterOneThatWaits_KeepsNoneOfTheirBytes()
    {
        _outbox.Add(Encode("waits"));

        var withdrawn = Enumerable.Range(0, 1000).Select(_ => AddAndWithdraw()).ToList();

        GC.Collect();
        withdrawn.Count(bytes => bytes.IsAlive).Should().Be(0);
        _outbox.Take()!.Items.Should().ContainSingle();
    }

    [Fact]
    public void Withdraw_ManyAfterOneThatWaits_KeepsFewOfThem()
    {
        _outbox.Add(Encode("waits"));

        var withdrawn = WithdrawMany();

        GC.Collect();
        withdrawn.Count(item => item.IsAlive).Should().BeLessThan(1_000);
        _outbox.Take()!.Items.Should().ContainSingle();
    }

    private static byte[] Encode(string data) => ItemFormat.EncodeEvent(new SseItem<string>(data), default);

    /// <summary>Adds an item. Returns its bytes, which no frame of the test keeps alive.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference AddBytes()
    {
        var bytes = Encode("a");
        _outbox.Add(bytes);
        return new WeakReference(bytes);
    }

    /// <summary>Adds an item and withdraws it. Returns its bytes, which no frame of the test keeps alive.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference AddAndWithdraw()
    {
        var bytes = Encode("withdrawn");
        _outbox.Withdraw(_outbox.Add(bytes), new OperationCanceledException());
        return new WeakReference(bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private List<WeakReference> WithdrawMany()
    {
        var withdrawn = new List<WeakReference>();
        for (var number = 0; number < 100_000; number++)
        {
            var item = _outbox.Add(Encode("x"));
            _outbox.Withdraw(item, new OperationCanceledException());
            withdrawn.Add(new WeakReference(item));
        }

        return withdrawn;
    }
}
