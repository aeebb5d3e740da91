using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the OpenAPI document that ASP.NET Core generates.</summary>
public sealed class OpenApiTests
{
    [Theory]
    [InlineData("/mapped/{room}", "string")]
    [InlineData("/own/{room}", "string")]
    [InlineData("/result/{room}", "string")]
    [InlineData("/subscription/{room}", "string")]
    [InlineData("/typed/{room}", "#/components/schemas/Notification")]
    public async Task Document_EveryForm_HasPathParameterMediaTypeAndSchema(string path, string schema)
    {
        var document = await GetDocumentAsync();

        var operation = document.GetProperty("paths").GetProperty(path).EnumerateObject().Should().ContainSingle().Subject;

        operation.Name.Should().Be("get");
        var parameter = operation.Value.GetProperty("parameters").EnumerateArray().Should().ContainSingle().Subject;
        parameter.GetProperty("name").GetString().Should().Be("room");
        parameter.GetProperty("in").GetString().Should().Be("path");
        parameter.GetProperty("required").GetBoolean().Should().BeTrue();
        var content = operation.Value.GetProperty("responses").GetProperty("200").GetProperty("content")
            .EnumerateObject().Should().ContainSingle().Subject;
        content.Name.Should().Be("text/event-stream");
        var actual = content.Value.GetProperty("schema").EnumerateObject().Should().ContainSingle().Subject;
        actual.Value.GetString().Should().Be(schema);
    }

    [Fact]
    public async Task Document_NamedEndpoint_HasItsOperationIdOnce()
    {
        var document = await GetDocumentAsync();

        var ids = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .Select(operation => operation.Value.TryGetProperty("operationId", out var id) ? id.GetString() : null);

        ids.Where(id => id is not null).Should().Equal("rooms");
    }

    private static async Task<JsonElement> GetDocumentAsync()
    {
        using var own = new Publisher<string>();
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents();
                builder.Services.AddOpenApi();
            },
            app =>
            {
                app.MapOpenApi();
                app.MapServerSentEvents<object?>("/mapped/{room}", _ => null).WithName("rooms");
                app.MapServerSentEvents("/own/{room}", own);
                app.MapGet("/result/{room}", (string room, Publisher publisher) => publisher.ToResult(new() { Channels = room }));
                app.MapGet("/subscription/{room}", (string room, Publisher publisher) => publisher.Subscribe(room).ToResult());
                app.MapGet("/typed/{room}", (string room, Publisher publisher) => publisher.ToResult(new() { Channels = room }))
                    .Produces<Notification>(StatusCodes.Status200OK, "text/event-stream");
            });
        var json = await app.NewClient().GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)).WaitAsync(Limits.Patience);
        return JsonElement.Parse(json);
    }

    private sealed record Notification(string Text);
}
