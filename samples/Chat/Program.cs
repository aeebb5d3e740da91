using Chat;
using Microsoft.AspNetCore.Http.HttpResults;
using ServerSentEvents;
using ServerSentEvents.AspNetCore;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Configuration["urls"] ??= "http://localhost:5000";
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 32 * 1024);
builder.Services.AddServerSentEvents<Member>();
builder.Services.AddSingleton<Room>();

await using var app = builder.Build();

// Only the page's own files can run in the page, and text cannot become markup, whatever people write.
const string ContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

app.Use((context, next) =>
{
    context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
    context.Response.Headers.XContentTypeOptions = "nosniff";
    context.Response.Headers.CacheControl = "no-cache";
    return next(context);
});
app.UseDefaultFiles();
app.UseStaticFiles();

app.MapGet("/events", Results<SubscriptionResult<Member>, BadRequest<string>> (string? name, Room room) =>
    Room.IsName(name) ? room.Join(name).ToResult() : TypedResults.BadRequest("A name cannot be blank or too long."));

app.MapPost("/messages", (MessageRequest request, Room room) =>
    !Room.IsMessage(request.Id, request.Text) ? Results.BadRequest("A message cannot be blank or too long.")
    : room.Say(request.Member, request.Id, request.Text) ? Results.NoContent()
    : Results.NotFound("This member is not here."));

app.MapPost("/name", (NameRequest request, Room room) =>
    !Room.IsName(request.Name) ? Results.BadRequest("A name cannot be blank or too long.")
    : room.Rename(request.Member, request.Name) ? Results.NoContent()
    : Results.NotFound("This member is not here."));

await app.RunAsync();
