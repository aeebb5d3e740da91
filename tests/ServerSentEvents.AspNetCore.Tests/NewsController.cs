using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Actions that answer with a stream.</summary>
[ApiController]
public sealed class NewsController(Publisher publisher) : ControllerBase
{
    [HttpGet("/actions/{topic}")]
    public IResult Get(string topic) => publisher.ToResult(new() { Channels = topic });

    [HttpGet("/controller/{topic}")]
    public IResult GetOfSubscription(string topic) => publisher.Subscribe(topic).ToResult();

    [HttpGet("/mistaken/{topic}")]
    public Subscription<object?> GetSubscription(string topic) => publisher.Subscribe(topic);
}
