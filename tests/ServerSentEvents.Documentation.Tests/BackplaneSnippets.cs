using System.Net;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using ServerSentEvents.AspNetCore.Tests;
using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ;
using ServerSentEvents.Redis;
using StackExchange.Redis;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>Contains, word for word, the registrations and endpoints of the READMEs of the backplanes. The tests check that they work.</summary>
public sealed class BackplaneSnippets
{
    private sealed record User(string Name, bool IsAdmin);

    [Fact]
    public async Task RabbitMQ_Run_RegistersTheBackplane()
    {
        var builder = NewBuilder();

        builder.Services.AddServerSentEvents<User>(options => options.HistoryCapacity = 1_000);
        builder.Services.AddServerSentEventsRabbitMQ<User>(options =>
        {
            options.ConnectionFactory = new ConnectionFactory { Uri = new Uri(builder.Configuration.GetConnectionString("rabbitmq")!) };
            options.StreamName = "shop-events";
        });

        await ShouldRegisterAsync<RabbitMQBackplane<User>>(builder);
    }

    [Fact]
    public async Task RabbitMQ_WithoutATypeOfProperties_RegistersTheBackplane()
    {
        var builder = NewBuilder();

        builder.Services.AddServerSentEvents();
        builder.Services.AddServerSentEventsRabbitMQ<object?>(options => options.ConnectionFactory = new ConnectionFactory());

        await ShouldRegisterAsync<RabbitMQBackplane<object?>>(builder);
    }

    [Fact]
    public void Functions_OfAUser_SelectEventsAndNameTheUser()
    {
        var options = new RedisBackplaneOptions<User>();
        Configure(options);

        var item = new SseItem<string>("the disk is full", "admin");
        options.Personalize!(item, new User("Ann", IsAdmin: true)).Should().Be(item);
        options.Personalize!(item, new User("Bob", IsAdmin: false)).Should().BeNull();
        options.SubscriberKey!(new User("Ann", IsAdmin: true)).Should().Be("Ann");

        static void Configure(BackplaneOptions<User> options)
        {
            options.Personalize = (item, user) => item.EventType == "admin" && !user.IsAdmin ? null : item;
            options.SubscriberKey = user => user.Name;
        }
    }

    [Fact]
    public async Task RabbitMQPublisher_Run_RegistersThePublisher()
    {
        var builder = NewBuilder();

        builder.Services.AddServerSentEventsRabbitMQPublisher(options =>
        {
            options.ConnectionFactory = new ConnectionFactory { Uri = new Uri(builder.Configuration.GetConnectionString("rabbitmq")!) };
            options.StreamName = "shop-events";
        });

        await ShouldRegisterAsync<RabbitMQEventPublisher>(builder);
    }

    [Fact]
    public async Task Redis_Run_RegistersTheBackplane()
    {
        var builder = NewBuilder();

        builder.Services.AddServerSentEvents<User>(options => options.HistoryCapacity = 1_000);
        builder.Services.AddServerSentEventsRedis<User>(options =>
        {
            options.Configuration = ConfigurationOptions.Parse(builder.Configuration.GetConnectionString("redis")!);
            options.StreamKey = "shop-events";
        });

        await ShouldRegisterAsync<RedisBackplane<User>>(builder);
    }

    [Fact]
    public async Task Redis_WithoutATypeOfProperties_RegistersTheBackplane()
    {
        var builder = NewBuilder();

        builder.Services.AddServerSentEvents();
        builder.Services.AddServerSentEventsRedis<object?>(options => options.Configuration = ConfigurationOptions.Parse("redis"));

        await ShouldRegisterAsync<RedisBackplane<object?>>(builder);
    }

    [Fact]
    public async Task RedisPublisher_Run_RegistersThePublisher()
    {
        var builder = NewBuilder();

        builder.Services.AddServerSentEventsRedisPublisher(options =>
        {
            options.Configuration = ConfigurationOptions.Parse(builder.Configuration.GetConnectionString("redis")!);
            options.StreamKey = "shop-events";
        });

        await ShouldRegisterAsync<RedisEventPublisher>(builder);
    }

    [Fact]
    public async Task Say_Run_PublishesForAUser()
    {
        var builder = NewBuilder();
        builder.Services.AddServerSentEvents();
        builder.Services.AddAuthorization();
        builder.Services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, NamedByHeader>("Test", null);
        await using var app = builder.Build();
        var publisher = app.Services.GetRequiredService<Publisher>();
        var subscription = publisher.Subscribe("chat");

        app.MapPost("/say", async (string text, IEventPublisher events, CancellationToken cancellationToken) =>
            await events.PublishAsync(text, "chat", cancellationToken)).RequireAuthorization();

        using var client = await StartAsync(app);
        using var refused = await client.PostAsync("/say?text=hi", content: null).WaitAsync(Limits.Patience);
        client.DefaultRequestHeaders.Add(NamedByHeader.Header, "Ann");
        using var accepted = await client.PostAsync("/say?text=hello", content: null).WaitAsync(Limits.Patience);

        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        accepted.StatusCode.Should().Be(HttpStatusCode.OK);
        publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("data: hello\n\n");
    }

    [Theory]
    [InlineData(HealthStatus.Healthy, HttpStatusCode.OK)]
    [InlineData(HealthStatus.Degraded, HttpStatusCode.OK)]
    [InlineData(HealthStatus.Unhealthy, HttpStatusCode.ServiceUnavailable)]
    public async Task Ready_Run_AnswersTheStateOfChecksWithTheTag(HealthStatus state, HttpStatusCode expected)
    {
        var builder = NewBuilder();
        builder.Services.AddHealthChecks()
            .AddCheck("backplane", () => new HealthCheckResult(state), ["ready"])
            .AddCheck("other", () => HealthCheckResult.Unhealthy());
        await using var app = builder.Build();

        app.MapHealthChecks("/ready", new() { Predicate = check => check.Tags.Contains("ready") });

        using var client = await StartAsync(app);
        using var response = await client.GetAsync("/ready").WaitAsync(Limits.Patience);
        response.StatusCode.Should().Be(expected);
    }

    private static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["ConnectionStrings:rabbitmq"] = "amqp://user:password@broker";
        builder.Configuration["ConnectionStrings:redis"] = "redis:6379,password=secret";
        return builder;
    }

    /// <summary>Checks the publisher of an application that does not start, so that no broker is needed.</summary>
    private static async Task ShouldRegisterAsync<TPublisher>(WebApplicationBuilder builder)
    {
        await using var app = builder.Build();
        app.Services.GetRequiredService<IEventPublisher>().Should().BeOfType<TPublisher>();
        app.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations
            .Should().ContainSingle().Which.Tags.Should().Equal("ready");
    }

    private static async Task<HttpClient> StartAsync(WebApplication app)
    {
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync().WaitAsync(Limits.Patience);
        return new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }
}
