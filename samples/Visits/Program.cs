using ServerSentEvents;

const string Page = """
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="color-scheme" content="light dark">
        <title>Visits</title>
      </head>
      <body>
        <h1>Visits</h1>
        <p>Open this page in another tab.</p>
        <ul id="visits" aria-live="polite"></ul>
        <script>
          new EventSource("/subscribe").onmessage = event => {
            const visit = document.createElement("li");
            visit.textContent = event.data;
            document.getElementById("visits").append(visit);
          };
        </script>
      </body>
    </html>
    """;

var builder = WebApplication.CreateBuilder(args);
builder.Configuration["urls"] ??= "http://localhost:5001";
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Services.AddServerSentEvents();

await using var app = builder.Build();
app.MapServerSentEvents("/subscribe");

app.MapGet("/", (HttpContext context, Publisher publisher) =>
{
    publisher.Publish($"New visit from {context.Connection.RemoteIpAddress} at {TimeProvider.System.GetLocalNow():T}!");
    return Results.Content(Page, "text/html; charset=utf-8");
});

await app.RunAsync();
