using System.Net.ServerSentEvents;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>
/// The last event id, at the publisher and in a request. The first byte of an input chooses the way; the text after a line feed is
/// the <c>Accept</c> header.
/// </summary>
internal sealed class RequestTarget : FuzzTarget
{
    private static readonly IServiceProvider Services = new ServiceCollection().BuildServiceProvider();

    private readonly Publisher _publisher = new(new PublisherOptions { HistoryCapacity = 100 });
    private readonly string[] _issued;

    internal RequestTarget()
    {
        var all = _publisher.Subscribe(["room", "secret"]);
        foreach (var id in new[] { null, "own", "a b", null })
        {
            _publisher.Publish("for the room", "room", eventId: id);
            _publisher.Publish("secret", "secret", eventId: id is null ? null : $"secret {id}");
        }

        _publisher.Close();
        _issued = [.. all.AsItems().ToBlockingEnumerable().Select(item => item.EventId!)];
    }

    internal override string Name => "Requests";

    internal override byte[][] Tokens => Bytes(
        "own", "a b", "lastEventId=", "Last-Event-ID=", "&", "%0a", "%", "+", ",", "\n", "\0", "*/*", "text/*", "text/event-stream", ";q=0", "q=1");

    internal override IEnumerable<byte[]> Seeds => _issued.SelectMany(id =>
        new[] { $"\u0001{id}", $"\u0001{id}\ntext/event-stream", $"\u0002?lastEventId={id}", $"\u0003{id}" }.Select(Encoding.UTF8.GetBytes));

    internal override long MaxAllocation(int length) => (128 * 1024) + (64 * length);

    internal override Action Run(byte[] input)
    {
        if (input.Length == 0)
            return () => { };
        var text = Encoding.UTF8.GetString(input, 1, input.Length - 1);
        return input[0] % 4 == 3 ? Subscribe(text) : Request(text, isQuery: input[0] % 4 == 2);
    }

    private Action Subscribe(string id)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<object?> { Channels = "room", LastEventId = id });
        subscription.Close();
        return () =>
        {
            Check(subscription.Resume != ResumeResult.Resumed || _issued.Contains(id), "an id was forged");
            CheckEvents(string.Concat(subscription.ToBlockingEnumerable()));
        };
    }

    private Action Request(string text, bool isQuery)
    {
        var parts = text.Split('\n', 2);
        var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = Services, Response = { Body = body } };
        context.Request.Method = "GET";
        if (isQuery)
            context.Request.QueryString = new($"?{parts[0].TrimStart('?')}");
        else
            context.Request.Headers["Last-Event-ID"] = parts[0];
        if (parts.Length > 1)
            context.Request.Headers.Accept = parts[1];
        var response = _publisher.ToResult(new() { Channels = "room" }).ExecuteAsync(context);
        _publisher.Close();
        return () =>
        {
            response.WaitForEnd();
            response.GetAwaiter().GetResult();
            Check(context.Response.StatusCode is 200 or 406, $"the status is {context.Response.StatusCode}");
            Check(_publisher.GetAllSubscribers().Count == 0, "a subscription is left behind");
            var sent = Encoding.UTF8.GetString(body.ToArray());
            Check(context.Response.StatusCode != 406 || sent.Length == 0, "a refused client gets a stream");
            CheckEvents(sent);
        };
    }

    private static void CheckEvents(string stream)
    {
        foreach (var item in SseParser.Create(new MemoryStream(Encoding.UTF8.GetBytes(stream))).Enumerate())
            Check(item.Data == "for the room", "an event of another channel was sent");
    }
}
