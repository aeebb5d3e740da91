using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Contains, word for word, the test that the README shows.</summary>
public sealed class TestingSnippet
{
    [Fact]
    public async Task Subscribe_EventIsPublished_GetsItUntilTheMaximumAge()
    {
        var time = new FakeTimeProvider();
        await using var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(web => web.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.Configure<EventStreamOptions>(options => options.MaxStreamAge = TimeSpan.FromHours(1));
        }));
        using var client = factory.CreateClient();

        // The client is subscribed when the headers have come.
        using var lines = new StreamReader(await client.GetStreamAsync("/subscribe"));
        factory.Services.GetRequiredService<Publisher>().Publish("hello").Should().Be(1);

        (await lines.ReadLineAsync()).Should().Be(":", "the first byte comes at once");
        (await lines.ReadLineAsync()).Should().Be("data: hello");
        time.Advance(TimeSpan.FromHours(1));
        await lines.ReadToEndAsync();
    }
}
