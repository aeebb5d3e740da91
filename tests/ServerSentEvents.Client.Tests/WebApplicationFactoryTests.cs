using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests the client in tests of an application, without a network.</summary>
public sealed class WebApplicationFactoryTests
{
    [Fact]
    public async Task Read_WebApplicationFactory_ReadsAndLeaves()
    {
        await using var factory = new WebApplicationFactory<Program>();
        var publisher = factory.Services.GetRequiredService<Publisher>();
        using var canceled = new CancellationTokenSource();
        var client = new EventStreamClient(factory.CreateClient());
        await using var events = client.ReadAsync(new Uri("/subscribe", UriKind.Relative), canceled.Token).GetAsyncEnumerator();

        var next = events.NextAsync();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 1);
        publisher.Publish("a");
        (await next).Data.Should().Be("a");
        var waiting = events.MoveNextAsync().AsTask();
        await canceled.CancelAsync();

        await waiting.Invoking(task => task.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 0, "no request is left behind");
    }
}
