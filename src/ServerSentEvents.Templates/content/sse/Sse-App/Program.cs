using Sse_App;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddHostedService<Clock>();
builder.Services.AddServerSentEvents(options =>
{
    // A client that reconnects gets the events that it missed.
    options.HistoryCapacity = 100;
    options.ReconnectionInterval = TimeSpan.FromSeconds(2);
});

var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();
app.MapServerSentEvents("/events");
app.Run();
