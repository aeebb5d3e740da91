using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests <see cref="IEventPublisher"/> and keyed services with several publishers.</summary>
public sealed class EventPublisherTests
{
    private sealed record User;

    private sealed record Admin;

    /// <summary>A publisher in place of a backplane.</summary>
    private sealed class Backplane : IEventPublisher
    {
        public ValueTask PublishAsync(
            SseItem<string> item, ChannelNames channels = default, CancellationToken cancellationToken = default) =>
            ValueTask.CompletedTask;
    }

    [Fact]
    public void IEventPublisher_TwoPublishers_ThrowsWithBothNamesAndTheRemedy()
    {
        using var services = TwoPublishersAnd(0, _ => { });

        var resolve = () => services.GetRequiredService<IEventPublisher>();

        resolve.Should().Throw<InvalidOperationException>().WithMessage(
            "IEventPublisher is ambiguous: Publisher<User> and Publisher<Admin> are registered. "
            + "Ask for one of these types, or choose one after them: "
            + "services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<Publisher<User>>()).");
    }

    [Fact]
    public void IEventPublisher_ThreePublishersWithAnInstance_ThrowsWithAllNames()
    {
        using var own = new Publisher();
        using var services = new ServiceCollection()
            .AddSingleton(own).AddServerSentEvents().AddServerSentEvents<User>().AddServerSentEvents<Admin>().AddServerSentEvents<User>()
            .BuildServiceProvider();

        var resolve = () => services.GetRequiredService<IEventPublisher>();

        resolve.Should().Throw<InvalidOperationException>().WithMessage("*: Publisher and Publisher<User> and Publisher<Admin> are*");
        services.GetRequiredService<Publisher<Admin>>().Should().NotBeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void IEventPublisher_RegisteredByTheApplication_TakesPrecedenceInAnyOrder(int position)
    {
        using var services = TwoPublishersAnd(position, services =>
            services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<Publisher<Admin>>()));

        services.GetRequiredService<IEventPublisher>().Should().BeSameAs(services.GetRequiredService<Publisher<Admin>>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void IEventPublisher_ReplacedByABackplane_IsTheBackplaneInAnyOrder(int position)
    {
        using var services = TwoPublishersAnd(
            position, services => services.Replace(ServiceDescriptor.Singleton<IEventPublisher, Backplane>()));

        services.GetServices<IEventPublisher>().Should().ContainSingle().Which.Should().BeOfType<Backplane>();
    }

    [Fact]
    public void IEventPublisher_TwoInstancesOfOneType_IsTheInstanceThatTheTypeResolvesTo()
    {
        using var first = new Publisher();
        using var last = new Publisher();
        using var services = new ServiceCollection()
            .AddSingleton(first).AddSingleton(last).AddServerSentEvents().BuildServiceProvider();

        services.GetRequiredService<Publisher>().Should().BeSameAs(last);
        services.GetRequiredService<Publisher<object?>>().Should().BeSameAs(last);
        services.GetRequiredService<IEventPublisher>().Should().BeSameAs(last);
    }

    [Fact]
    public async Task KeyedPublishers_HandlerOfEach_StreamsItsEventsAndEndsAtTheStop()
    {
        var options = new PublisherOptions { ReconnectionInterval = TimeSpan.FromSeconds(7) };
        await using var app = await TestApplication.StartAsync(
            // The clock stands still, so that no client is cut off on a busy machine.
            builder => builder.Services
                .AddSingleton<TimeProvider>(new FakeTimeProvider())
                .AddServerSentEvents()
                .AddKeyedSingleton("news", (_, _) => new Publisher<User>(options))
                .AddKeyedSingleton("sport", (_, _) => new Publisher<User>(options)),
            app =>
            {
                app.MapGet("/news", ([FromKeyedServices("news")] Publisher<User> publisher) => publisher.ToResult(new()));
                app.MapGet("/sport", ([FromKeyedServices("sport")] Publisher<User> publisher) => publisher.ToResult(new()));
            });
        using var news = await app.OpenAsync("/news");
        using var sport = await app.OpenAsync("/sport");

        app.Services.GetRequiredKeyedService<Publisher<User>>("news").Publish("election").Should().Be(1);
        app.Services.GetRequiredKeyedService<Publisher<User>>("sport").Publish("final").Should().Be(1);

        (await news.NextDataAsync()).Should().Be("election");
        (await sport.NextDataAsync()).Should().Be("final");
        await app.StopAsync();
        (await news.RestAsync()).Should().EndWith("retry: 7000\n");
        (await sport.RestAsync()).Should().EndWith("retry: 7000\n");
    }

    [Fact]
    public void AddServerSentEvents_InstanceAndKeyedInstance_UsesTheFirstAndDoesNotDisposeIt()
    {
        using var own = new Publisher();
        using var keyed = new Publisher();
        using (var services = new ServiceCollection()
            .AddSingleton(own).AddKeyedSingleton("other", keyed).AddServerSentEvents().BuildServiceProvider())
        {
            services.GetRequiredService<Publisher<object?>>().Should().BeSameAs(own);
            services.GetRequiredService<IEventPublisher>().Should().BeSameAs(own);
            services.GetRequiredKeyedService<Publisher>("other").Should().BeSameAs(keyed);
        }

        own.Invoking(publisher => publisher.Subscribe()).Should().NotThrow("the container has not disposed it");
    }

    [Fact]
    public void Resolve_ServicesOfNoHost_HaveThePublisher()
    {
        using var services = new ServiceCollection().AddServerSentEvents().BuildServiceProvider();

        services.GetRequiredService<IEventPublisher>().Should().BeSameAs(services.GetRequiredService<Publisher>());
    }

    /// <summary>Registers two publishers, and calls a function before, between or after these registrations.</summary>
    private static ServiceProvider TwoPublishersAnd(int position, Action<IServiceCollection> call)
    {
        List<Action<IServiceCollection>> calls = [it => it.AddServerSentEvents<User>(), it => it.AddServerSentEvents<Admin>()];
        calls.Insert(position, call);
        var services = new ServiceCollection();
        calls.ForEach(register => register(services));
        return services.BuildServiceProvider();
    }
}
