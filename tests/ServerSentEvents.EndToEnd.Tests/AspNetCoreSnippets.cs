using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Contains, word for word, the code of the README of ServerSentEvents.AspNetCore. Runs it on a server.</summary>
public sealed class AspNetCoreSnippets : IAsyncLifetime
{
    private readonly WebApplicationBuilder _builder = WebApplication.CreateSlimBuilder();
    private readonly HttpClient _client = new() { Timeout = Limits.Patience };
    private WebApplication? _application;

    public Task InitializeAsync()
    {
        _builder.Logging.ClearProviders();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        if (_application is not null)
            await _application.DisposeAsync();
    }

    private sealed record User(string Name);

    private sealed record Admin(string Name);

    [Fact]
    public async Task Result_Run_StreamsEvents()
    {
        var builder = _builder;
        builder.Services.AddServerSentEvents();
        var app = _application = builder.Build();

        app.MapGet("/news/{topic}", (string topic, Publisher publisher) => publisher.ToResult(new() { Channels = $"news {topic}" }));

        await StartAsync();
        await using var stream = await EventStream.OpenAsync(_client, "news/weather");
        app.Services.GetRequiredService<Publisher>().Publish("rain", "news weather");
        (await stream.NextAsync()).Data.Should().Be("rain");
    }

    [Fact]
    public async Task Options_Run_CombinesConfigurationAndCode()
    {
        var builder = _builder;
        builder.Configuration["ServerSentEvents:HistoryCapacity"] = "10";
        builder.Configuration["ServerSentEvents:ReconnectionInterval"] = "00:00:02";

        builder.Services.AddServerSentEvents(builder.Configuration.GetSection("ServerSentEvents"));
        builder.Services.AddServerSentEvents(options => options.ReconnectionJitter = TimeSpan.FromSeconds(10));

        var app = _application = builder.Build();
        app.MapServerSentEvents("/events");
        await StartAsync();
        await using var stream = await EventStream.OpenAsync(_client, "events");
        app.Services.GetRequiredService<Publisher>().Publish("x");
        (await stream.NextAsync()).EventId.Should().NotBeNull("the configuration enables the history");
    }

    [Fact]
    public async Task SeveralPublishers_Run_ResolvesDefaultAndKeyedPublisher()
    {
        var builder = _builder;
        builder.Services.AddServerSentEvents<User>();
        builder.Services.AddServerSentEvents<Admin>();
        builder.Services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<Publisher<User>>());
        builder.Services.AddKeyedSingleton("news", (_, _) =>
            new Publisher<User>(new PublisherOptions { HeartbeatInterval = TimeSpan.FromSeconds(15) }));
        var app = _application = builder.Build();

        app.MapGet("/news", ([FromKeyedServices("news")] Publisher<User> publisher) => publisher.ToResult(new()));

        await StartAsync();
        await using var stream = await EventStream.OpenAsync(_client, "news");
        app.Services.GetRequiredKeyedService<Publisher<User>>("news").Publish("rain");
        (await stream.NextAsync()).Data.Should().Be("rain");
        app.Services.GetRequiredService<IEventPublisher>().Should().BeSameAs(app.Services.GetRequiredService<Publisher<User>>());
    }

    private async Task StartAsync()
    {
        _application!.Urls.Add("http://127.0.0.1:0");
        await _application.StartAsync().WaitAsync(Limits.Patience);
        _client.BaseAddress = new Uri(_application.Urls.Single());
    }
}
