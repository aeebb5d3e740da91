using System.Runtime.CompilerServices;

namespace Streaming;

/// <summary>A fake model. It repeats the question and explains the sample, at the pace of a language model.</summary>
internal static class FakeModel
{
    public static async IAsyncEnumerable<string> AskAsync(
        string question, TimeSpan pace, [EnumeratorCancellation] CancellationToken token = default)
    {
        var answer = $"You asked: {question}\n\nEach word of this answer is an event. Reload the page, or stop the network for a moment: "
            + "nothing is missing, and nothing comes twice. Close the page: after some seconds, the model stops.";
        foreach (var word in answer.Split(' '))
        {
            await Task.Delay(pace, token);
            yield return word + " ";
        }
    }
}
