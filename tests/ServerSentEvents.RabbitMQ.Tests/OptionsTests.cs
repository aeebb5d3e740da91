using RabbitMQ.Client;

namespace ServerSentEvents.RabbitMQ.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_AreAsDocumented()
    {
        var options = new RabbitMQBackplaneOptions<string>();

        options.ConnectionFactory.Should().BeNull();
        options.Endpoints.Should().BeEmpty();
        options.StreamName.Should().Be("server-sent-events");
        options.MaxAge.Should().Be(TimeSpan.FromDays(1));
        options.MaxBytes.Should().Be(1L << 30);
        options.ReadBack.Should().Be(TimeSpan.FromHours(1));
        options.PublishTimeout.Should().Be(TimeSpan.FromSeconds(30));
        options.MaxEventBytes.Should().Be(256 << 10);
        options.Personalise.Should().BeNull();
        options.LoggerFactory.Should().BeNull();
        options.TimeProvider.Should().BeSameAs(TimeProvider.System);
    }

    [Fact]
    public async Task ConnectAsync_OptionOutOfRange_IsRefusedBeforeAnythingIsDone()
    {
        var wrong = new Dictionary<string, Action<RabbitMQBackplaneOptions<object?>>>(StringComparer.Ordinal)
        {
            ["ConnectionFactory"] = options => options.ConnectionFactory = null,
            ["Endpoints"] = options => options.Endpoints = null!,
            ["StreamName"] = options => options.StreamName = new string('x', 256),
            ["MaxAge"] = options => options.MaxAge = TimeSpan.FromMilliseconds(999),
            ["MaxBytes"] = options => options.MaxBytes = 999_999,
            ["ReadBack"] = options => options.ReadBack = TimeSpan.FromTicks(-1),
            ["PublishTimeout"] = options => options.PublishTimeout = TimeSpan.Zero,
            ["MaxEventBytes"] = options => options.MaxEventBytes = 1023,
            ["TimeProvider"] = options => options.TimeProvider = null!,
        };
        foreach (var (name, change) in wrong)
        {
            var options = new RabbitMQBackplaneOptions<object?> { ConnectionFactory = new ConnectionFactory() };
            change(options);

            var connect = () => RabbitMQBackplane<object?>.ConnectAsync(new Publisher(), options);

            (await connect.Should().ThrowAsync<ArgumentException>()).WithMessage($"{name} *").WithParameterName("options");
        }
    }

    [Fact]
    public async Task ConnectAsync_NoBroker_SaysSo()
    {
        var options = new RabbitMQBackplaneOptions<object?>
        {
            ConnectionFactory = new ConnectionFactory { Port = Brokers.FreePort.Find(1)[0] },
        };

        var connect = () => RabbitMQBackplane<object?>.ConnectAsync(new Publisher(), options).WithinPatience();

        await connect.Should().ThrowAsync<InvalidOperationException>().WithMessage("The stream server-sent-events cannot be reached*");
    }
}
