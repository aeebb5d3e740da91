using Cluster;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Configuration["broker"] ??= "amqp://guest:guest@localhost";
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

if (!Uri.TryCreate(builder.Configuration["broker"], UriKind.Absolute, out var broker) || broker.Scheme is not ("amqp" or "amqps"))
{
    await Console.Error.WriteLineAsync("Where is the broker? For instance: --broker amqp://guest:guest@localhost:5672");
    return 1;
}

// One program is all processes of the sample: the entrance starts the nodes.
await using var app = builder.Configuration["node"] is { } name ? Node.Build(builder, name, broker) : Entrance.Build(builder, broker);
await app.RunAsync();
return 0;
