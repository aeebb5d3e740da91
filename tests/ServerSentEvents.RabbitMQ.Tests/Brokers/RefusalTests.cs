using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ServerSentEvents.Backplane;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests that a refusal is reported in the broker's own words.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class RefusalTests(SingleBroker broker)
{
    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableFact]
    public async Task ConnectAsync_WrongPassword_ThrowsTheBrokersWords() =>
        await ShouldBeRefusedAsync(options => options.ConnectionFactory!.Password = "wrong", "*ACCESS_REFUSED*");

    [SkippableFact]
    public async Task ConnectAsync_UnknownVirtualHost_ThrowsTheBrokersWords() =>
        await ShouldBeRefusedAsync(options => options.ConnectionFactory!.VirtualHost = "nowhere", "*nowhere*");

    [SkippableTheory]
    [InlineData("^$", "^$", "^$")]
    [InlineData(".*", "^$", ".*")]
    [InlineData(".*", ".*", "^$")]
    public async Task ConnectAsync_PermissionIsMissing_ThrowsTheBrokersWords(string configure, string write, string read)
    {
        RabbitMQPrograms.Require();
        var user = $"user-{Guid.NewGuid():N}";
        await broker.Nodes[0].CtlAsync("add_user", user, "secret");
        await broker.Nodes[0].CtlAsync("set_permissions", user, configure, write, read);
        await ShouldBeRefusedAsync(
            options => (options.ConnectionFactory!.UserName, options.ConnectionFactory.Password) = (user, "secret"), "*ACCESS_REFUSED*");
    }

    [SkippableFact]
    public async Task ConnectAsync_LimitOfConnectionsIsReached_TriesAgainUntilThereIsRoom()
    {
        var options = broker.NewOptions(_stream);
        var log = new TestLog();
        (options.LoggerFactory, options.PublishTimeout) = (log, Limits.Patience);
        using var publisher = new Publisher<string>();
        Task<RabbitMQBackplane<string>> connecting;

        await broker.Nodes[0].CtlAsync("set_vhost_limits", """{"max-connections":0}""");
        try
        {
            connecting = RabbitMQBackplane<string>.ConnectAsync(publisher, options);
            await Limits.UntilAsync(() => connecting.IsCompleted || log.Warnings.Any(text => text.Contains("limit", StringComparison.Ordinal)));
        }
        finally
        {
            await broker.Nodes[0].CtlAsync("clear_vhost_limits");
        }

        await using var backplane = await connecting.WithinPatience();
        await Limits.UntilAsync(() => backplane.IsCaughtUp);
    }

    [SkippableFact]
    public async Task ConnectAsync_QueueOfAnotherKind_ThrowsTheBrokersWords()
    {
        RabbitMQPrograms.Require();
        await using (var connection = await PrivateBroker.NewFactory().CreateConnectionAsync(broker.Endpoints))
        {
            await using var channel = await connection.CreateChannelAsync();
            await channel.QueueDeclareAsync(_stream, durable: true, exclusive: false, autoDelete: false);
        }

        await ShouldBeRefusedAsync(_ => { }, "*x-stream-offset*");
    }

    [SkippableFact]
    public async Task HealthCheckAndLog_WrongPassword_HaveTheBrokersWords()
    {
        var log = new TestLog();
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton<ILoggerFactory>(log);
        builder.Services.AddSingleton(new Publisher<string>());
        var template = broker.NewOptions(_stream);
        template.ConnectionFactory!.Password = "wrong";
        builder.Services.AddServerSentEventsRabbitMQ<string>(options =>
        {
            options.ConnectionFactory = template.ConnectionFactory;
            options.Endpoints = template.Endpoints;
            options.PublishTimeout = TimeSpan.FromSeconds(1);
        });
        using var host = builder.Build();

        await host.StartAsync().WithinPatience();

        await Limits.UntilAsync(() => log.Warnings.Any(text =>
            text.Contains("for reading", StringComparison.Ordinal) && IsRefusal(text)));
        // On a busy machine, another attempt can fail for another reason in between.
        await Limits.UntilAsync(async () =>
        {
            var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            health.Status.Should().Be(HealthStatus.Unhealthy);
            var description = health.Entries.Values.Single().Description!;
            return description.Contains("the broker refuses", StringComparison.Ordinal) && IsRefusal(description);
        });
        await host.StopAsync().WithinPatience();

        static bool IsRefusal(string text) => text.Contains("ACCESS_REFUSED", StringComparison.Ordinal);
    }

    private async Task ShouldBeRefusedAsync(Action<RabbitMQBackplaneOptions<string>> change, string message)
    {
        var options = broker.NewOptions(_stream);
        options.PublishTimeout = Limits.Patience;
        change(options);
        using var publisher = new Publisher<string>();

        var connect = () => RabbitMQBackplane<string>.ConnectAsync(publisher, options).WithinPatience();

        var thrown = await connect.Should().ThrowAsync<InvalidOperationException>();
        thrown.WithMessage(message).WithInnerException<StreamRefusedException>();
    }
}
