using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the services that <c>AddServerSentEvents</c> registers, and the errors if a call is missing.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public void AddServerSentEvents_NoType_RegistersOnePublisherForAllTypes()
    {
        using var services = new ServiceCollection().AddServerSentEvents().BuildServiceProvider();

        var publisher = services.GetRequiredService<Publisher>();

        services.GetRequiredService<Publisher<object?>>().Should().BeSameAs(publisher);
        services.GetRequiredService<IEventPublisher>().Should().BeSameAs(publisher);
        services.GetRequiredService<Publisher>().Should().BeSameAs(publisher);
    }

    [Fact]
    public void AddServerSentEvents_TypeOfProperties_RegistersOnePublisherForAllTypes()
    {
        using var services = new ServiceCollection().AddServerSentEvents<string>().BuildServiceProvider();

        var publisher = services.GetRequiredService<Publisher<string>>();

        services.GetRequiredService<IEventPublisher>().Should().BeSameAs(publisher);
        services.GetService<Publisher>().Should().BeNull();
    }

    [Fact]
    public async Task AddServerSentEvents_LogProviderPublishes_PageGetsTheLog()
    {
        await using var app = await Task.Run(() => TestApplication.StartAsync(builder =>
        {
            builder.Services.AddServerSentEvents();
            builder.Services.AddSingleton<ILoggerProvider, PublishingLog>();
        })).WaitAsync(Limits.Patience);
        using var client = await app.OpenAsync();

        app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("orders")
            .Log(LogLevel.Warning, default, "paid", exception: null, static (state, _) => state);

        string data;
        do
            data = await client.NextDataAsync();
        while (!data.StartsWith("orders", StringComparison.Ordinal));
        data.Should().Be("orders: paid");
    }

    [Fact]
    public void AddServerSentEvents_TypeIsObject_RegistersThePlainPublisher()
    {
        var configured = new List<string>();
        using var services = new ServiceCollection()
            .AddServerSentEvents<object?>(_ => configured.Add("first")).AddServerSentEvents(_ => configured.Add("second")).BuildServiceProvider();

        services.GetRequiredService<Publisher<object?>>().Should().BeSameAs(services.GetRequiredService<Publisher>());
        services.GetRequiredService<IEventPublisher>().Should().BeSameAs(services.GetRequiredService<Publisher>());
        configured.Should().Equal("first", "second");
    }

    [Fact]
    public void AddServerSentEvents_PublisherOfTheApplication_Stays()
    {
        using var own = new Publisher();
        using (var services = new ServiceCollection().AddSingleton(own).AddServerSentEvents().BuildServiceProvider())
        {
            services.GetRequiredService<Publisher>().Should().BeSameAs(own);
            services.GetRequiredService<Publisher<object?>>().Should().BeSameAs(own);
            services.GetRequiredService<IEventPublisher>().Should().BeSameAs(own);
        }

        own.Invoking(publisher => publisher.Publish("x")).Should().NotThrow("the container has not disposed it");
    }

    [Fact]
    public void AddServerSentEvents_SeveralPublishers_HaveSeparateOptions()
    {
        using var services = new ServiceCollection()
            .AddServerSentEvents(options => options.QueueCapacity = 1)
            .AddServerSentEvents<string>(options => options.QueueCapacity = 2)
            .AddServerSentEvents<int>()
            .BuildServiceProvider();

        CapacityOf(services.GetRequiredService<Publisher>()).Should().Be(1);
        CapacityOf(services.GetRequiredService<Publisher<string>>()).Should().Be(2);
        CapacityOf(services.GetRequiredService<Publisher<int>>()).Should().Be(8_192);
    }

    [Fact]
    public void AddServerSentEvents_CalledTwice_RegistersOnePublisherConfiguredByBoth()
    {
        using var services = new ServiceCollection()
            .AddServerSentEvents(options => (options.QueueCapacity, options.HistoryCapacity) = (1, 1))
            .AddServerSentEvents(options => options.QueueCapacity = 3)
            .BuildServiceProvider();

        var publisher = services.GetServices<Publisher>().Should().ContainSingle().Subject;
        services.GetServices<Publisher<object?>>().Should().ContainSingle();
        services.GetServices<IEventPublisher>().Should().ContainSingle();
        CapacityOf(publisher).Should().Be(3);
        var resumed = publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = "unknown" });
        resumed.Resume.Should().Be(ResumeResult.Gap, "the first call has configured a history");
    }

    [Fact]
    public void AddServerSentEvents_ServicesAreDisposed_DisposesThePublishers()
    {
        var services = new ServiceCollection().AddServerSentEvents().AddServerSentEvents<string>().BuildServiceProvider();
        var (publisher, typed) = (services.GetRequiredService<Publisher>(), services.GetRequiredService<Publisher<string>>());
        var subscription = publisher.Subscribe();

        services.Dispose();

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        publisher.Invoking(it => it.Subscribe()).Should().Throw<ObjectDisposedException>();
        typed.Invoking(it => it.Subscribe()).Should().Throw<ObjectDisposedException>();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AddServerSentEvents_ApplicationRemovesOrReplacesThePublisher_Starts(bool isScoped)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddServerSentEvents().RemoveAll<Publisher>();
        if (isScoped)
            builder.Services.AddScoped<Publisher>();
        await using var app = builder.Build();

        var start = () => app.StartAsync().WaitAsync(Limits.Patience);

        await start.Should().NotThrowAsync();
    }

    [Fact]
    public async Task AddServerSentEvents_HostIsDisposed_DisposesThePublisher()
    {
        var app = await TestApplication.StartAsync();
        var publisher = app.Publisher;

        await app.DisposeAsync();

        publisher.Invoking(it => it.Subscribe()).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public async Task MapServerSentEvents_NothingRegistered_NamesTheMissingCall()
    {
        await using var app = WebApplication.CreateSlimBuilder().Build();

        var plain = () => app.MapServerSentEvents("/events");
        var typed = () => app.MapServerSentEvents<string>("/events", _ => null);
        var asynchronous = () => app.MapServerSentEvents<List<int>>(
            "/events", _ => new ValueTask<SubscribeOptions<List<int>>?>((SubscribeOptions<List<int>>?)null));

        plain.Should().Throw<InvalidOperationException>().WithMessage("*AddServerSentEvents()*");
        typed.Should().Throw<InvalidOperationException>().WithMessage("*AddServerSentEvents<string>()*");
        asynchronous.Should().Throw<InvalidOperationException>().WithMessage("*AddServerSentEvents<List<Int32>>()*");
    }

    [Fact]
    public async Task Handler_PublisherOfAnotherType_FailsWithTheMessagesOfTheReadme()
    {
        await using var inferred = AppWithStrings();
        inferred.MapGet("/", (Publisher publisher) => publisher.Subscribe().ToResult());
        await using var marked = AppWithStrings();
        marked.MapGet("/", ([FromServices] Publisher publisher) => publisher.Subscribe().ToResult());

        var build = () => EndpointOf(inferred);
        var handle = () => EndpointOf(marked).RequestDelegate!(new DefaultHttpContext { RequestServices = marked.Services });

        build.Should().Throw<InvalidOperationException>()
            .WithMessage("Body was inferred but the method does not allow inferred body parameters*");
        await handle.Should().ThrowAsync<InvalidOperationException>().WithMessage("*'ServerSentEvents.Publisher'*");

        static WebApplication AppWithStrings()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Services.AddServerSentEvents<string>();
            return builder.Build();
        }

        // The endpoints are built here. Otherwise, the first request does it.
        static Endpoint EndpointOf(IEndpointRouteBuilder app) => app.DataSources.SelectMany(source => source.Endpoints).Single();
    }

    /// <summary>Returns the number of events that wait for a subscriber that does not read.</summary>
    private static int CapacityOf<TProperties>(Publisher<TProperties> publisher)
    {
        var subscription = publisher.Subscribe();
        while (subscription.EndReason is null)
            publisher.Publish("");
        return subscription.QueuedEvents;
    }

    private sealed class PublishingLog(Publisher publisher) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Logger(publisher, categoryName);

        public void Dispose()
        {
        }

        private sealed class Logger(Publisher publisher, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                publisher.Publish($"{category}: {formatter(state, exception)}");
        }
    }
}
