using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Mvc;
using ServerSentEvents;
using Streaming;

var builder = SampleApplication.CreateBuilder(args, port: 5006);
builder.Services.AddServerSentEvents<Answer>(options =>
{
    // More events than an answer has, so that every client can read an answer from its beginning.
    options.HistoryCapacity = 10_000;
    options.HistoryMaxAge = TimeSpan.FromMinutes(15);
    options.ReconnectionInterval = TimeSpan.FromSeconds(1);
});
await using var app = builder.Build();
app.UsePage();

// The source is canceled after this time without a client. A reload, or a short loss of the connection, takes less time.
var idleTimeout = TimeSpan.FromSeconds(app.Configuration.GetValue("idleTimeout", 5.0));
// The pace of the model, in seconds for each word.
var pace = TimeSpan.FromSeconds(app.Configuration.GetValue("pace", 0.08));
var answers = new ConcurrentDictionary<string, Answer>(StringComparer.Ordinal);
var publisher = app.Services.GetRequiredService<Publisher<Answer>>();
publisher.Subscribed += (_, change) => CountClients(change.Subscription.Properties);
publisher.Unsubscribed += (_, change) => CountClients(change.Subscription.Properties);

app.MapPost("/answers", ([FromBody] string question) =>
{
    if (question.Length is 0 or > 2_000)
        return Results.BadRequest("A question has 1 to 2,000 characters.");
    if (answers.Values.Count(answer => !answer.HasEnded) >= 100)
        return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
    var id = Guid.NewGuid().ToString("N");
    var answer = answers[id] = new Answer(id, new CancellationTokenSource(idleTimeout));
    _ = PublishAnswerAsync(answer, question);
    return Results.Ok(id);
});

app.MapGet("/answers/{id}", (string id, HttpRequest request) =>
{
    var lastEventId = request.Headers["Last-Event-ID"].ToString();
    if (!answers.TryGetValue(id, out var answer))
        return Results.NotFound();
    // The client has everything, and stops at a 204.
    if (lastEventId == answer.EndId)
        return Results.NoContent();

    // A subscription, and not ToResult(options), because the status depends on the result of the resume.
    var subscription = publisher.Subscribe(new SubscribeOptions<Answer>
    {
        Channels = id,
        Properties = answer,
        LastEventId = lastEventId != "" ? lastEventId : answer.StartId,
    });
    // The id is not of this answer, or its events have left the history.
    if (subscription.Resume == ResumeResult.Gap)
    {
        subscription.Dispose();
        return Results.NotFound();
    }

    // The client still gets the events that it missed.
    if (answer.HasEnded)
        subscription.Close();
    return subscription.ToResult();
});

app.MapPost("/answers/{id}/stop", (string id) =>
{
    if (!answers.TryGetValue(id, out var answer))
        return Results.NotFound();
    answer.Stop.Cancel();
    return Results.NoContent();
});

return await app.RunSampleAsync();

async Task PublishAnswerAsync(Answer answer, string question)
{
    var end = "complete";
    try
    {
        publisher.Publish(new SseItem<string>("", "start") { EventId = answer.StartId }, answer.Id);
        await publisher.PublishAllAsync(FakeModel.AskAsync(question, pace), answer.Id, answer.Stop.Token);
    }
    catch (OperationCanceledException) when (answer.Stop.IsCancellationRequested)
    {
        end = "canceled";
    }
    catch (Exception exception)
    {
        end = "failed";
        await Console.Error.WriteLineAsync(exception.Message);
    }

    publisher.Publish(new SseItem<string>(end, "end") { EventId = answer.EndId }, answer.Id);
    answer.HasEnded = true;
    publisher.Unsubscribe(answer.Id);
    Console.WriteLine($"Answer {answer.Id}: {end}");
    // Pages can reload a finished answer for this time. Its events stay in the history for longer.
    await Task.Delay(TimeSpan.FromMinutes(10));
    answers.TryRemove(answer.Id, out _);
}

void CountClients(Answer answer)
{
    lock (answer)
        answer.Stop.CancelAfter(publisher.GetSubscribers(answer.Id).Count > 0 ? Timeout.InfiniteTimeSpan : idleTimeout);
}
