using System.Runtime.CompilerServices;

namespace Streaming;

/// <summary>Gives the same answer to each question, at the pace of a language model.</summary>
internal static class FakeModel
{
    public static async IAsyncEnumerable<string> AskAsync(
        string question, TimeSpan pace, [EnumeratorCancellation] CancellationToken token = default)
    {
        var answer = $"You asked: {question}\n\nEach word of this answer is an event. Reload the page, or stop the network for a moment: "
            + "nothing is missing, and nothing comes twice. Close the page: after five seconds, the model stops.";
        foreach (var word in answer.Split(' '))
        {
            await Task.Delay(pace, token);
            yield return word + " ";
        }
    }
}
