using RabbitMQ.Client;
using ServerSentEvents;
using ServerSentEvents.RabbitMQ;

// A node with one client, which writes what it receives. A test pauses the process.
using var publisher = new Publisher(new PublisherOptions
{
    HistoryCapacity = 10_000,
    QueueCapacity = int.MaxValue,
    QueueCapacityBytes = long.MaxValue,
});
var options = new RabbitMQBackplaneOptions<object?>
{
    ConnectionFactory = new ConnectionFactory { Uri = new Uri(args[0]) },
    StreamName = args[1],
};
await using var backplane = await RabbitMQBackplane<object?>.ConnectAsync(publisher, options);
var items = publisher.Subscribe().AsItems();
Console.WriteLine("ready");
await foreach (var item in items)
    Console.WriteLine($"{item.EventId} {item.Data}");
