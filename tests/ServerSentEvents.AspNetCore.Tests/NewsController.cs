using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>An action whose answer is a stream.</summary>
[ApiController]
public sealed class NewsController(Publisher publisher) : ControllerBase
{
    [HttpGet("/controller/{topic}")]
    public IResult Get(string topic) => publisher.Subscribe(topic).ToResult();
}
