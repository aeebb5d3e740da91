using System.Text.Json;
using System.Threading.Channels;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client in another process. The client reports each message, comment and error as a JSON object.</summary>
internal abstract class StreamClient : IAsyncDisposable
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    private readonly Channel<Report> _reports = Channel.CreateUnbounded<Report>();

    /// <summary>The reports that the test has read, for the message of a failure.</summary>
    private readonly List<Report> _read = [];

    /// <summary>Returns the data of the client's next call of <c>onmessage</c>.</summary>
    internal async Task<string> NextMessageAsync() =>
        (await NextAsync(report => report.Message is not null)).Message!;

    /// <summary>Waits for a number of further comments. Fails at a message.</summary>
    internal async Task WaitForCommentsAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var report = await NextAsync(report => report.Message is not null || report.Comment is not null);
            report.Message.Should().BeNull("the server sends only comments");
        }
    }

    /// <summary>Ends the client and returns the messages that the test has not read.</summary>
    internal async Task<List<string>> StopAsync()
    {
        await EndAsync();
        _reports.Writer.TryComplete();
        var messages = new List<string>();
        await foreach (var report in _reports.Reader.ReadAllAsync())
        {
            if (report.Message is not null)
                messages.Add(report.Message);
        }

        return messages;
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>Ends the client. All its reports have been added when the task completes.</summary>
    private protected abstract Task EndAsync();

    private protected void Add(string report) =>
        _reports.Writer.TryWrite(JsonSerializer.Deserialize<Report>(report, CamelCase)!);

    private protected void Complete(Exception? error = null) => _reports.Writer.TryComplete(error);

    private async Task<Report> NextAsync(Func<Report, bool> condition)
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        try
        {
            while (true)
            {
                var report = await _reports.Reader.ReadAsync(limit.Token);
                _read.Add(report);
                if (condition(report))
                    return report;
            }
        }
        catch (OperationCanceledException e)
        {
            var last = string.Join(' ', _read.TakeLast(10));
            throw new TimeoutException($"The client reported nothing more within {Limits.Patience}. Last reports: {last}", e);
        }
    }

    /// <summary>One report of a client. Exactly one value is set.</summary>
    private sealed record Report(string? Message, string? Comment, string? Error);
}
