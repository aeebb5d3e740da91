using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.InteropServices;
using System.Text;
using ServerSentEvents;

const int MaxBodyLength = 64 * 1024;

var url = $"http://localhost:{(args is [var port, ..] ? int.Parse(port, CultureInfo.InvariantCulture) : 5002)}/";
using var publisher = new Publisher();
using var listener = new HttpListener { Prefixes = { url } };
using var stopping = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    listener.Start();
}
catch (HttpListenerException exception)
{
    await Console.Error.WriteLineAsync($"{url}: {exception.Message}. For another port: dotnet run --project samples/HttpListener 8080");
    return 1;
}

Console.WriteLine($"Listening on {url} (Ctrl+C stops)");

var clock = PublishTimeAsync();
var requests = new List<Task>();
while (await NextRequestAsync() is { } context)
{
    requests.RemoveAll(request => request.IsCompleted);
    requests.Add(HandleAsync(context));
}

// The streams end. A client that does not read cannot delay the end of the program for longer.
await clock;
publisher.Dispose();
await Task.WhenAll(requests).WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
return 0;

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
        // The program stops.
    }
}

async Task HandleAsync(HttpListenerContext context)
{
    var response = context.Response;
    try
    {
        switch (context.Request.HttpMethod, context.Request.Url?.AbsolutePath)
        {
            case ("GET", "/events"):
                await SendEventsAsync(context.Request, response);
                break;
            case ("POST", "/publish"):
                await PublishBodyAsync(context.Request, response);
                break;
            case ("GET", { } path):
                await SendFileAsync(path == "/" ? "/index.html" : path, response);
                break;
            default:
                response.StatusCode = (int)HttpStatusCode.NotFound;
                break;
        }

        response.Close();
    }
    catch (Exception)
    {
        // Mostly the client has left, which HttpListener reports at the next write. No request may end the program.
        response.Abort();
    }
}

async Task SendEventsAsync(HttpListenerRequest request, HttpListenerResponse response)
{
    response.ContentType = "text/event-stream";
    response.Headers["Cache-Control"] = "no-cache, no-store, no-transform";
    response.Headers["X-Accel-Buffering"] = "no";
    response.SendChunked = request.ProtocolVersion > HttpVersion.Version10;

    // The subscription ends with this method.
    using var subscription = publisher.Subscribe();

    // HttpListener sends the headers with the first bytes. A comment is earlier than the first event.
    await response.OutputStream.WriteAsync(":\n"u8.ToArray());
    await foreach (var text in subscription)
        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
}

async Task PublishBodyAsync(HttpListenerRequest request, HttpListenerResponse response)
{
    // A browser names the page that posts. HttpListener itself refuses a foreign Host.
    if (request.Headers["Origin"] is { } origin && origin != url.TrimEnd('/'))
    {
        response.StatusCode = (int)HttpStatusCode.Forbidden;
        return;
    }

    if (request.ContentLength64 is < 0 or > MaxBodyLength)
    {
        response.StatusCode = (int)HttpStatusCode.RequestEntityTooLarge;
        return;
    }

    using var body = new StreamReader(request.InputStream, Encoding.UTF8);
    publisher.Publish(await body.ReadToEndAsync());
    response.StatusCode = (int)HttpStatusCode.NoContent;
}

static async Task SendFileAsync(string path, HttpListenerResponse response)
{
    using var file = typeof(Program).Assembly.GetManifestResourceStream(path);
    if (file is null)
    {
        response.StatusCode = (int)HttpStatusCode.NotFound;
        return;
    }

    response.ContentType = Path.GetExtension(path) switch
    {
        ".css" => "text/css",
        ".js" => "text/javascript",
        ".svg" => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    };
    await file.CopyToAsync(response.OutputStream);
}
