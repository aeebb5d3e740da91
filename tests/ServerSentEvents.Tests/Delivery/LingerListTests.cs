namespace ServerSentEvents.Tests;

/// <summary>Tests that every ended subscription is cut off after <see cref="PublisherOptions.LingerTimeout"/>.</summary>
public sealed class LingerListTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LingerTimeout_AnotherSubscriptionIsDisposedDuringTheEnd_DropsTheQueue(bool isDuringTheEnd)
    {
        var time = new CallbackTime();
        var publisher = new Publisher(new PublisherOptions { TimeProvider = time });
        var subscriptions = new[] { "1", "2", "3" }.Select(_ => publisher.Subscribe()).ToList();
        publisher.Publish("x");
        subscriptions[0].Close();
        subscriptions[1].Close();
        if (isDuringTheEnd)
            time.OnTimestamp = subscriptions[0].Dispose;
        else
            subscriptions[0].Dispose();
        subscriptions[2].Close();

        for (var i = 0; i < 12; i++)
            time.Advance(TimeSpan.FromSeconds(10));

        await OwnThread.RunAsync(() => SpinWait.SpinUntil(
            () => subscriptions.TrueForAll(subscription => subscription.QueuedEvents == 0), TimeSpan.FromSeconds(5)));
        subscriptions.Should().OnlyContain(subscription => subscription.QueuedEvents == 0);
    }

    /// <summary>A clock that calls back once, when it is read next.</summary>
    private sealed class CallbackTime : FakeTimeProvider
    {
        public Action? OnTimestamp { get; set; }

        public override long GetTimestamp()
        {
            var callback = OnTimestamp;
            OnTimestamp = null;
            callback?.Invoke();
            return base.GetTimestamp();
        }
    }
}
