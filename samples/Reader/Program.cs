using ServerSentEvents.Client;

var uri = new Uri(args.FirstOrDefault() ?? "http://localhost:5001/subscribe");
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

using var http = new HttpClient();
var client = new EventStreamClient(http, new EventStreamClientOptions
{
    Connected = connection => Console.WriteLine($"Connected to {connection.Uri}."),
    Disconnected = end => Console.WriteLine(end.Delay is { } delay ? $"{end.Message} Next attempt in {delay}." : end.Message),
});
try
{
    await foreach (var item in client.ReadAsync(uri, stop.Token))
        Console.WriteLine(item.Data);
}
catch (OperationCanceledException)
{
    Console.WriteLine("Stopped.");
}
catch (EventStreamException)
{
    // Another attempt would fail, too. "Disconnected" has printed the reason.
    return 1;
}

return 0;
