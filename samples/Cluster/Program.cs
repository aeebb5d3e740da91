using Cluster;

var builder = SampleApplication.CreateBuilder(args, port: 5004);
builder.Configuration["broker"] ??= "amqp://guest:guest@localhost";

if (!Broker.TryParse(builder.Configuration["broker"], out var broker))
{
    await Console.Error.WriteLineAsync("The broker is not an address. Example: --broker amqp://user:password@host, or --broker redis://host:6379");
    return 1;
}

// The same program is the load balancer and each node, which the load balancer starts.
await using var app = builder.Configuration["node"] is { } name
    ? Node.Build(builder, name, broker)
    : LoadBalancer.Build(builder, broker);
return await app.RunSampleAsync();
