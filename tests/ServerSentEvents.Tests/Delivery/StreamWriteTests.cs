namespace ServerSentEvents.Tests;

/// <summary>Tests that a copy to a stream needs few writes: each is a system call, and a record of TLS.</summary>
public sealed class StreamWriteTests
{
    private readonly Publisher _publisher = new();

    [Theory]
    [InlineData(64 * 1024, 2)]
    [InlineData(1024 * 1024, 18)]
    public async Task CopyToAsync_OneLargeEvent_NeedsFewWrites(int size, int maxWrites)
    {
        var subscription = _publisher.Subscribe();
        var stream = new CountingStream();
        var copy = subscription.CopyToAsync(stream);

        _publisher.Publish(new string('x', size));
        _publisher.Close();

        await copy.WaitAsync(Limits.Patience);
        stream.Length.Should().Be(size + "data: \n\n".Length);
        stream.Writes.Should().BeInRange(1, maxWrites);
    }

    [Fact]
    public async Task CopyToAsync_ManyQueuedSmallEvents_NeedsFewWrites()
    {
        var subscription = _publisher.Subscribe();
        for (var i = 0; i < 1_000; i++)
            _publisher.Publish(new string('x', 70));
        _publisher.Close();
        var stream = new CountingStream();

        await subscription.CopyToAsync(stream).WaitAsync(Limits.Patience);

        stream.Length.Should().Be(78_000);
        stream.Writes.Should().BeInRange(1, 3);
    }

    private sealed class CountingStream : MemoryStream
    {
        public int Writes { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.ToArray(), 0, buffer.Length);
            return default;
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Writes++;
            base.Write(buffer, offset, count);
        }
    }
}
