using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>The text that was read so far. A test can wait for a part of it.</summary>
public sealed class ReadText
{
    private readonly StringBuilder _text = new();
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);

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
            _added.TrySetResult();
            _added = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async Task WaitForAsync(string expected)
    {
        while (true)
        {
            Task added;
            lock (_text)
            {
                if (_text.ToString().Contains(expected, StringComparison.Ordinal))
                    return;
                added = _added.Task;
            }

            await added.WaitAsync(Limits.Patience);
        }
    }

    private static bool IsId(string line) => line.StartsWith("id: ", StringComparison.Ordinal);
}
