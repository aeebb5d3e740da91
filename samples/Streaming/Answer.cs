namespace Streaming;

/// <summary>An answer. Its id is the channel of its tokens.</summary>
internal sealed record Answer(string Id, CancellationTokenSource Stop)
{
    public string StartId => $"{Id}-start";

    public string EndId => $"{Id}-end";

    public bool HasEnded { get; set; }
}
