using Dashboard;
using Microsoft.AspNetCore.Mvc;
using ServerSentEvents;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Configuration["urls"] ??= "http://localhost:5003";
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

var settings = Settings.From(builder.Configuration);
builder.Services.AddSingleton(settings);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddServerSentEvents<Viewer>(options =>
{
    // Whoever was away for no more samples than these gets what it missed; for everybody else it is a gap.
    options.HistoryCapacity = settings.History;
    options.ReconnectionInterval = TimeSpan.FromSeconds(1);
});
builder.Services.AddSingleton<SampleStream>();
builder.Services.AddSingleton<Outages>();
builder.Services.AddSingleton<LibraryMeter>();
builder.Services.AddHostedService<Sampler>();

await using var app = builder.Build();

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

app.MapGet("/events", (
    string? page, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, SampleStream samples, Outages outages) =>
{
    var viewer = new Viewer(page ?? "");
    return (outages.TurnAway(viewer) ?? samples.Subscribe(viewer, lastEventId)).ToResult();
});

app.MapPost("/outages", (OutageRequest request, Outages outages) =>
    !Outages.IsDuration(request.Seconds) ? Results.BadRequest("An outage takes more than no time, and an hour at the most.")
    : outages.Begin(request.Page, TimeSpan.FromSeconds(request.Seconds)) ? Results.NoContent()
    : Results.NotFound("This page is not here."));

await app.RunAsync();
