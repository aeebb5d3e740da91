using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.InteropServices;
using System.Text;
using ServerSentEvents;

const string Page = """
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="color-scheme" content="light dark">
        <title>HttpListener</title>
      </head>
      <body>
        <h1>Events</h1>
        <p>The time, <output id="time">not yet known</output>, and what is posted to <code>/publish</code>:</p>
        <ul id="events" aria-live="polite"></ul>
        <script>
          const events = new EventSource("/events");
          events.addEventListener("time", event => document.getElementById("time").textContent = event.data);
          events.onmessage = event => {
            const item = document.createElement("li");
            item.textContent = event.data;
            document.getElementById("events").append(item);
          };
        </script>
      </body>
    </html>
    """;

const int MaxBodyLength = 64 * 1024;

var url = $"http://localhost:{(args is [var port, ..] ? int.Parse(port, CultureInfo.InvariantCulture) : 5002)}/";
using var publisher = new Publisher();
using var listener = new HttpListener { Prefixes = { url } };
using var stopping = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

listener.Start();
Console.WriteLine($"Listening on {url} (Ctrl+C stops)");

var clock = PublishTimeAsync();
var requests = new List<Task>();
while (await NextRequestAsync() is { } context)
{
    requests.RemoveAll(request => request.IsCompleted);
    requests.Add(HandleAsync(context));
}

// Every stream ends, and has a moment to tell its client; one that does not read is not waited for any longer.
await clock;
publisher.Dispose();
await Task.WhenAll(requests).WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stopping.Cancel();
}

async Task<HttpListenerContext?> NextRequestAsync()
{
    try
    {
        return await listener.GetContextAsync().WaitAsync(stopping.Token);
    }
    catch (OperationCanceledException)
    {
        return null;
    }
}

async Task PublishTimeAsync()
{
    using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
    try
    {
        while (await timer.WaitForNextTickAsync(stopping.Token))
            publisher.Publish(new SseItem<string>($"{TimeProvider.System.GetLocalNow():T}", "time"));
    }
    catch (OperationCanceledException)
    {
        // It is time to stop.
    }
}

async Task HandleAsync(HttpListenerContext context)
{
    var response = context.Response;
    try
    {
        switch (context.Request.HttpMethod, context.Request.Url?.AbsolutePath)
        {
            case ("GET", "/"):
                response.ContentType = "text/html; charset=utf-8";
                await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(Page));
                break;
            case ("GET", "/events"):
                await SendEventsAsync(response);
                break;
            case ("POST", "/publish"):
                await PublishBodyAsync(context.Request, response);
                break;
            default:
                response.StatusCode = (int)HttpStatusCode.NotFound;
                break;
        }

        response.Close();
    }
    catch (Exception exception) when (exception is HttpListenerException or IOException or ObjectDisposedException)
    {
        // The client has gone, which HttpListener tells us only when we write; or we are stopping.
        response.Abort();
    }
}

async Task SendEventsAsync(HttpListenerResponse response)
{
    response.ContentType = "text/event-stream";
    response.Headers["Cache-Control"] = "no-cache, no-store, no-transform";
    response.Headers["X-Accel-Buffering"] = "no";
    response.SendChunked = true;

    // The end of this method, by an exception too, ends the subscription.
    using var subscription = publisher.Subscribe();

    // HttpListener sends the headers with the first bytes; a comment makes that now, rather than with the first event.
    await response.OutputStream.WriteAsync(":\n"u8.ToArray());
    await foreach (var text in subscription)
        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
}

async Task PublishBodyAsync(HttpListenerRequest request, HttpListenerResponse response)
{
    if (request.ContentLength64 is < 0 or > MaxBodyLength)
    {
        response.StatusCode = (int)HttpStatusCode.RequestEntityTooLarge;
        return;
    }

    using var body = new StreamReader(request.InputStream, Encoding.UTF8);
    publisher.Publish(await body.ReadToEndAsync());
    response.StatusCode = (int)HttpStatusCode.NoContent;
}
