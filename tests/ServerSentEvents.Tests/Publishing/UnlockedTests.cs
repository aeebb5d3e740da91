using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that no application code runs under a lock. Each callback starts a thread that uses the publisher, and waits
/// until that thread is done.
/// </summary>
public sealed class UnlockedTests
{
    private readonly Publisher<string> _publisher = new();
    private int _calls;
    private bool _isDisposing;

    [Fact]
    public void Publish_Function_RunsUnlocked()
    {
        _publisher.Subscribe();
        _publisher.Publish(_ => { UseFromAnotherThread(); return "x"; });
        _calls.Should().Be(1);
    }

    [Fact]
    public void PublishJson_Converter_RunsUnlocked()
    {
        var options = TestConverter.With<Note>((writer, note) =>
        {
            UseFromAnotherThread();
            writer.WriteNumberValue(note.Number);
        });
        _publisher.Subscribe();
        _publisher.PublishJson(new Note("x", 1), options: options).Should().Be(1);
        _publisher.PublishJson(_ => new Note("x", 2), options: options).Should().Be(1);
        _calls.Should().Be(2);
    }

    [Fact]
    public void Unsubscribe_Match_RunsUnlocked()
    {
        _publisher.Subscribe();
        _publisher.Unsubscribe(match: _ => { UseFromAnotherThread(); return true; });
        _calls.Should().Be(1);
    }

    [Fact]
    public void Disconnect_Match_RunsUnlocked()
    {
        _publisher.Subscribe();
        _publisher.Disconnect(_ => { UseFromAnotherThread(); return true; });
        _calls.Should().Be(1);
    }

    [Fact]
    public void Subscribe_InitialData_RunsUnlocked()
    {
        _publisher.Subscribe(initialData: LazyData());
        _calls.Should().Be(1);

        IEnumerable<string> LazyData()
        {
            UseFromAnotherThread();
            yield return "x";
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LoadInitialData_FunctionAndLazyResult_RunUnlocked(bool copies)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string>
        {
            LoadInitialData = _ =>
            {
                UseFromAnotherThread();
                return new(LazyData());
            },
        });
        _publisher.Publish("live");
        subscription.Close();

        await (copies ? subscription.CopyToAsync(Stream.Null) : subscription.ToArrayAsync()).WaitAsync(Limits.Patience);

        _calls.Should().Be(2);

        IEnumerable<SseItem<string>> LazyData()
        {
            UseFromAnotherThread();
            yield return new("x");
        }
    }

    [Fact]
    public async Task PublishAllAsync_Source_RunsUnlocked()
    {
        _publisher.Subscribe();

        (await _publisher.PublishAllAsync(Source()).WaitAsync(Limits.Patience)).Should().Be(2);

        _calls.Should().Be(4);

        async IAsyncEnumerable<string> Source()
        {
            try
            {
                UseFromAnotherThread();
                yield return "1";
                UseFromAnotherThread();
                await Task.Yield();
                yield return "2";
                UseFromAnotherThread();
            }
            finally
            {
                UseFromAnotherThread();
            }
        }
    }

    [Fact]
    public void Subscribe_TimeProvider_RunsUnlocked()
    {
        var publisher = new Publisher<string>(new PublisherOptions { TimeProvider = new CallbackTime(UseFromAnotherThread) });
        publisher.Subscribe();
        _calls.Should().Be(1);
    }

    [Theory]
    [InlineData(nameof(IDisposable.Dispose))]
    [InlineData(nameof(Publisher.Close))]
    [InlineData(nameof(Publisher.Unsubscribe))]
    [InlineData("Publisher.Dispose")]
    [InlineData("Subscription.Close")]
    [InlineData(nameof(Publisher.Disconnect))]
    [InlineData("Subscription.Leave")]
    [InlineData(nameof(IAsyncDisposable.DisposeAsync))]
    [InlineData(nameof(SubscriptionEndReason.Overflowed))]
    [InlineData("Overflowed by a personalized event")]
    [InlineData(nameof(SubscriptionEndReason.Canceled))]
    public async Task Unsubscribed_AnyWayToEnd_RunsUnlocked(string way)
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe(new SubscribeOptions<string> { Channels = "own", QueueCapacity = 1 });
        var reader = subscription.GetAsyncEnumerator(cancellation.Token);
        _publisher.Unsubscribed += UseOnce;

        switch (way)
        {
            case nameof(IDisposable.Dispose):
                subscription.Dispose();
                break;
            case nameof(Publisher.Close):
                _publisher.Close();
                break;
            case nameof(Publisher.Unsubscribe):
                _publisher.Unsubscribe("own");
                break;
            case nameof(SubscriptionEndReason.Overflowed):
                _publisher.Publish("1", "own");
                _publisher.Publish("2", "own");
                break;
            case "Overflowed by a personalized event":
                _publisher.Publish("1", "own");
                _publisher.Publish(_ => "2", "own");
                break;
            case "Publisher.Dispose":
                // Another thread that uses the publisher now must get an exception at once, and must not wait.
                _isDisposing = true;
                _publisher.Dispose();
                break;
            case "Subscription.Close":
                subscription.Close();
                break;
            case nameof(Publisher.Disconnect):
                _publisher.Disconnect(_ => true);
                break;
            case "Subscription.Leave":
                subscription.Leave("own");
                break;
            case nameof(IAsyncDisposable.DisposeAsync):
                await reader.DisposeAsync().AsTask().WaitAsync(Limits.Patience);
                break;
            default:
                await cancellation.CancelAsync();
                break;
        }

        _calls.Should().Be(1);
    }

    [Fact]
    public void Subscribed_AnyHandler_RunsUnlocked()
    {
        _publisher.Subscribed += UseOnce;
        _publisher.Subscribe();
        _calls.Should().Be(1);
    }

    private void UseOnce(object? sender, SubscriptionEventArgs<string> arguments)
    {
        _publisher.Subscribed -= UseOnce;
        _publisher.Unsubscribed -= UseOnce;
        UseFromAnotherThread();
    }

    private void UseFromAnotherThread()
    {
        _calls++;
        // The publisher's lock should be free.
        OwnThread.Run(() =>
        {
            if (_isDisposing)
            {
                _publisher.Invoking(it => it.Subscribe("elsewhere")).Should().Throw<ObjectDisposedException>();
                return;
            }

            using var subscription = _publisher.Subscribe("elsewhere");
            _publisher.Publish("x", "elsewhere");
            _publisher.Publish(name => name, "elsewhere");
            _publisher.GetSubscribers("elsewhere");
            _publisher.Unsubscribe("elsewhere");
            _ = subscription.Channels;
            subscription.Close();
        });
    }

    private sealed class CallbackTime(Action callback) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            callback();
            return base.GetUtcNow();
        }
    }
}
