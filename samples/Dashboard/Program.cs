using Dashboard;
using Microsoft.AspNetCore.Mvc;
using ServerSentEvents;

var builder = SampleApplication.CreateBuilder(args, port: 5003);
var settings = new Settings(
    TimeSpan.FromSeconds(builder.Configuration.GetValue("interval", 1.0)), builder.Configuration.GetValue("history", 30));
builder.Services.AddSingleton(settings);
builder.Services.AddServerSentEvents(options =>
{
    // A client that missed more samples than these has a gap.
    options.HistoryCapacity = settings.History;
    options.ReconnectionInterval = TimeSpan.FromSeconds(1);
});
builder.Services.AddSingleton<Sampler>();
builder.Services.AddHostedService(provider => provider.GetRequiredService<Sampler>());

await using var app = builder.Build();
app.UsePage();

// A browser that reconnects sends the header. The page itself sends the query.
app.MapGet("/events", ([FromHeader(Name = "Last-Event-ID")] string? lastEventId, string? after, Sampler sampler) =>
    sampler.Subscribe(lastEventId ?? after).ToResult());

return await app.RunSampleAsync();
