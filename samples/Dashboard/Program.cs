using Dashboard;
using Microsoft.AspNetCore.Mvc;
using ServerSentEvents;

var builder = SampleApplication.CreateBuilder(args, port: 5003);
var settings = Settings.From(builder.Configuration);
builder.Services.AddSingleton(settings);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddServerSentEvents(options =>
{
    // A client that missed more samples than these has a gap.
    options.HistoryCapacity = settings.History;
    options.ReconnectionInterval = TimeSpan.FromSeconds(1);
});
builder.Services.AddSingleton<SampleStream>();
builder.Services.AddHostedService<Sampler>();

await using var app = builder.Build();
app.UsePage();

// A browser that reconnects sends the header. The page itself sends the query.
app.MapGet("/events", ([FromHeader(Name = "Last-Event-ID")] string? lastEventId, string? after, SampleStream samples) =>
    samples.Subscribe(lastEventId ?? after).ToResult());

return await app.RunSampleAsync();
