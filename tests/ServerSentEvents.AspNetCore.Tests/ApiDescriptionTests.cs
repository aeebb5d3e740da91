using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>What OpenAPI documents are made from.</summary>
public sealed class ApiDescriptionTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("rooms/{room}/events")]
    [InlineData("later")]
    [InlineData("result/{topic}")]
    public async Task Description_EveryForm_Says200AndEventStream(string path)
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
                app.MapGet("/result/{topic}", (string topic, Publisher publisher) => publisher.Subscribe(topic).ToResult());
            });

        var description = app.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>()
            .ApiDescriptionGroups.Items.SelectMany(group => group.Items).Where(item => item.RelativePath == path)
            .Should().ContainSingle().Subject;

        description.HttpMethod.Should().Be("GET");
        description.ActionDescriptor.RouteValues["controller"].Should().NotContain("`", "nobody has written such a name");
        var response = description.SupportedResponseTypes.Should().ContainSingle(response => response.StatusCode == 200).Subject;
        response.ApiResponseFormats.Select(format => format.MediaType).Should().Equal("text/event-stream");
        response.Type.Should().Be<string>();
        description.ParameterDescriptions.Select(parameter => parameter.Name)
            .Should().BeSubsetOf(["room", "topic"], "neither HttpContext nor Publisher comes from the client");
    }
}
