using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.InteropServices;
using System.Text;
using ServerSentEvents;

const int MaxBodyLength = 64 * 1024;
var bodyTimeout = TimeSpan.FromSeconds(3);

var url = args is ["--urls", var address] ? address.TrimEnd('/') : "http://localhost:5002";
using var publisher = new Publisher();
using var listener = new HttpListener { Prefixes = { url + "/" } };
using var stopping = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    listener.Start();
}
catch (HttpListenerException exception)
{
    await Console.Error.WriteLineAsync($"{url}: {exception.Message}. For another port: --urls http://localhost:8080");
    return 1;
}

Console.WriteLine($"Listening on {url} (Ctrl+C stops)");

using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
var clock = PublishTimeAsync();
var requests = new List<Task>();
try
{
    while (true)
    {
        var context = await listener.GetContextAsync().WaitAsync(stopping.Token);
        requests.RemoveAll(request => request.IsCompleted);
        requests.Add(HandleAsync(context));
    }
}
catch (OperationCanceledException)
{
    // The streams end. A client that does not read delays the end of the program by two seconds at most.
    timer.Dispose();
    await clock;
    publisher.Dispose();
    await Task.WhenAll(requests).WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    return 0;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stopping.Cancel();
}

async Task PublishTimeAsync()
{
    while (await timer.WaitForNextTickAsync())
        publisher.Publish(new SseItem<string>($"{TimeProvider.System.GetLocalNow():T}", "time"));
}

async Task HandleAsync(HttpListenerContext context)
{
    var response = context.Response;
    try
    {
        var handling = (context.Request.HttpMethod, context.Request.Url?.AbsolutePath) switch
        {
            ("GET", "/events") => SendEventsAsync(context.Request, response),
            ("POST", "/publish") => PublishBodyAsync(context.Request, response),
            ("GET", "/") => SendFileAsync("/index.html", response),
            ("GET", var path) => SendFileAsync(path, response),
            _ => SendFileAsync(path: null, response),
        };
        await handling;
        response.Close();
    }
    catch (Exception)
    {
        // Usually the client has left; HttpListener reports this at the next write. No request may end the program.
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

    // HttpListener sends the headers with the first bytes. So write a comment at once, without waiting for an event.
    await response.OutputStream.WriteAsync(":\n"u8.ToArray());
    await foreach (var text in subscription)
        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
}

async Task PublishBodyAsync(HttpListenerRequest request, HttpListenerResponse response)
{
    // A browser names the page that posts. HttpListener itself refuses a foreign Host.
    if (request.Headers["Origin"] is { } origin && origin != url)
        response.StatusCode = (int)HttpStatusCode.Forbidden;
    else if (request.ContentLength64 is < 0 or > MaxBodyLength)
        response.StatusCode = (int)HttpStatusCode.RequestEntityTooLarge;
    else
    {
        using var body = new StreamReader(request.InputStream, Encoding.UTF8);
        // The client gets this status if the body does not arrive in time.
        response.StatusCode = (int)HttpStatusCode.RequestTimeout;
        publisher.Publish(await body.ReadToEndAsync().WaitAsync(bodyTimeout));
        response.StatusCode = (int)HttpStatusCode.NoContent;
    }
}

static async Task SendFileAsync(string? path, HttpListenerResponse response)
{
    using var file = typeof(Program).Assembly.GetManifestResourceStream(path ?? "");
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
