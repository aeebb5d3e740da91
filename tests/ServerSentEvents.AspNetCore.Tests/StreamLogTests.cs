using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the log of a stream that ends.</summary>
public sealed class StreamLogTests
{
    [Fact]
    public async Task End_QueueHasOverflowed_IsLogged()
    {
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddServerSentEvents(options => options.QueueCapacity = 1),
            app => app.MapGet("/events", (Publisher publisher) =>
            {
                var subscription = publisher.Subscribe();
                publisher.Publish("taken");
                publisher.Publish("too many");
                return subscription.ToResult();
            }));

        using var client = await app.OpenAsync();

        (await client.RestAsync()).Should().Be("data: taken\n\n");
        await Limits.UntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 4));
        app.Log.AboveDebug.Should().ContainSingle().Which.Level.Should().Be(LogLevel.Information);
    }

    [Fact]
    public async Task End_ClientHasDisconnected_IsLoggedForDebuggingWithoutAnException()
    {
        await using var app = await TestApplication.StartAsync();

        using (await app.OpenAsync())
            app.Publisher.GetSubscribers().Should().ContainSingle();

        await Limits.UntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 3));
        app.Log.Ours.Should().OnlyContain(entry => entry.Level == LogLevel.Debug && entry.Exception == null);
    }

    [Fact]
    public async Task End_ConnectionHasFailed_IsLoggedForDebuggingWithTheException()
    {
        var failure = new SocketException((int)SocketError.TimedOut);
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddServerSentEvents(),
            app =>
            {
                app.Use((context, next) =>
                {
                    context.Response.Body = new ThrowingBody(context.Response.Body, failure);
                    return next(context);
                });
                app.UseRouting();
                app.MapServerSentEvents("/events");
            });
        using var client = await app.OpenAsync();

        app.Publisher.Publish(ThrowingBody.Forbidden).Should().Be(1);

        await Limits.UntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 3));
        app.Log.Ours.Single(entry => entry.Id == 3).Exception.Should().BeSameAs(failure);
        app.Log.Ours.Should().OnlyContain(entry => entry.Level == LogLevel.Debug);
    }
}
