using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the descriptions that OpenAPI documents are made from.</summary>
public sealed class ApiDescriptionTests
{
    [Theory]
    [InlineData("plain", "")]
#if NET9_0_OR_GREATER // ASP.NET Core 8 takes parameters from the method alone.
    [InlineData("rooms/{room}/events", "room from Path")]
    [InlineData("optional/{id:int}/{part?}", "id from Path,part from Path")]
#endif
    [InlineData("later", "")]
    [InlineData("result/{topic}", "topic from Path")]
    [InlineData("subscription/{topic}", "topic from Path")]
    public async Task Description_EveryForm_Says200AndEventStream(string path, string parameters)
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddEndpointsApiExplorer();
            },
            app =>
            {
                app.MapServerSentEvents("/plain");
                app.MapServerSentEvents<object?>("/rooms/{room}/events", _ => null);
                app.MapServerSentEvents<object?>("/later", async _ =>
                {
                    await Task.Yield();
                    return null;
                });
                app.MapServerSentEvents<object?>("/optional/{id:int}/{part?}", _ => null);
                app.MapGet("/result/{topic}", (string topic, Publisher publisher) => publisher.ToResult(new() { Channels = topic }));
                app.MapGet("/subscription/{topic}", (string topic, Publisher publisher) => publisher.Subscribe(topic).ToResult());
            });

        var description = app.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>()
            .ApiDescriptionGroups.Items.SelectMany(group => group.Items).Where(item => item.RelativePath == path)
            .Should().ContainSingle().Subject;

        description.HttpMethod.Should().Be("GET");
        description.ActionDescriptor.RouteValues["controller"].Should().NotContain("`", "it is not a name of the application");
        var response = description.SupportedResponseTypes.Should().ContainSingle(response => response.StatusCode == 200).Subject;
        response.ApiResponseFormats.Select(format => format.MediaType).Should().Equal("text/event-stream");
        response.Type.Should().Be<string>();
        description.ParameterDescriptions.Select(parameter => $"{parameter.Name} from {parameter.Source.Id}")
            .Should().Equal(parameters.Split(',', StringSplitOptions.RemoveEmptyEntries), "HttpContext and Publisher do not come from the client");
    }

    [Fact]
    public async Task Description_PublisherIsNotRegistered_DescribesGetOnly()
    {
        using var publisher = new Publisher();
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.AddEndpointsApiExplorer(), app => app.MapServerSentEvents("/events", publisher));

        app.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>()
            .ApiDescriptionGroups.Items.SelectMany(group => group.Items).Select(item => item.HttpMethod).Should().Equal("GET");
    }
}
