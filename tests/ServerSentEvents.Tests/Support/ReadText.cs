using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>What has been read so far, for a test to wait for.</summary>
public sealed class ReadText
{
    private readonly StringBuilder _text = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Text
    {
        get
        {
            lock (_text)
                return _text.ToString();
        }
    }

    public string WithoutIds => string.Concat(Text.Split('\n').Where(line => !IsId(line)).Select(line => line + "\n"))[..^1];

    public string LastId => Text.Split('\n').Last(IsId)["id: ".Length..];

    public void Add(string text)
    {
        lock (_text)
        {
            _text.Append(text);
            _grown.TrySetResult();
            _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async Task Contains(string expected)
    {
        while (true)
        {
            Task grown;
            lock (_text)
            {
                if (_text.ToString().Contains(expected, StringComparison.Ordinal))
                    return;
                grown = _grown.Task;
            }

            await grown.WaitAsync(Streams.Limit);
        }
    }

    private static bool IsId(string line) => line.StartsWith("id: ", StringComparison.Ordinal);
}
