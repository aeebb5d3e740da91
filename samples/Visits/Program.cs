using ServerSentEvents;

// The page is beside the program, so that it is found from every working directory.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Configuration["urls"] ??= "http://localhost:5001";
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Services.AddServerSentEvents();

await using var app = builder.Build();
app.UseStaticFiles();
app.MapServerSentEvents("/subscribe");

app.MapGet("/", (Publisher publisher) =>
{
    publisher.Publish($"New visit at {TimeProvider.System.GetLocalNow():T}!");
    return Results.File("visits.html", "text/html; charset=utf-8");
});

await app.RunAsync();
