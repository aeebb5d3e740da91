using Cluster;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Configuration["broker"] ??= "amqp://guest:guest@localhost";
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

if (!Broker.TryParse(builder.Configuration["broker"], out var broker))
{
    await Console.Error.WriteLineAsync("The broker is not an address. For instance: --broker amqp://user:password@host, or --broker redis://host:6379");
    return 1;
}

// The same program is the entrance and, started by it, each node.
await using var app = builder.Configuration["node"] is { } name ? Node.Build(builder, name, broker) : Entrance.Build(builder, broker);
await app.RunAsync();
return 0;
