using System.Runtime.CompilerServices;

namespace ServerSentEvents.Backplane.Tests.Publishing;

/// <content>Tests of what an outbox keeps in memory.</content>
public sealed partial class OutboxTests
{
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
        Add("waits");

        var withdrawn = Enumerable.Range(0, 1000).Select(_ => AddAndWithdraw()).ToList();

        GC.Collect();
        withdrawn.Count(bytes => bytes.IsAlive).Should().Be(0);
        Take().Should().Equal("waits");
    }

    [Fact]
    public void Withdraw_ManyAfterOneThatWaits_KeepsFewOfThem()
    {
        Add("waits");

        var withdrawn = WithdrawMany();

        GC.Collect();
        withdrawn.Count(item => item.IsAlive).Should().BeLessThan(1_000);
        Take().Should().Equal("waits");
    }

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
