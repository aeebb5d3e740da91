using Cluster;

var builder = SampleApplication.CreateBuilder(args, port: 5004);
builder.Configuration["broker"] ??= "amqp://guest:guest@localhost";

if (!Broker.TryParse(builder.Configuration["broker"], out var broker))
{
    await Console.Error.WriteLineAsync("The broker is not an address. For instance: --broker amqp://user:password@host, or --broker redis://host:6379");
    return 1;
}

// The nodes share only the broker, so they could as well run on two machines.
Node[] nodes = [];
nodes = [new("A", broker, StopNode), new("B", broker, StopNode)];
// Without a broker, this takes some seconds. The entrance answers at once.
var starting = Task.WhenAll(nodes.Select(node => node.StartAsync()));

await using var entrance = Entrance.Build(builder, nodes, broker);
var status = await entrance.RunSampleAsync();
await starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
await Task.WhenAll(nodes.Select(node => node.StopAsync()));
return status;

void StopNode(string name) => _ = Array.Find(nodes, node => node.Name == name)?.StopAsync();
