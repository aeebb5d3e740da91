using System.Diagnostics.CodeAnalysis;

namespace Cluster;

/// <summary>What a page posts to <c>/messages</c>.</summary>
internal sealed record MessageRequest(string Member, string Id, string Name, string Text)
{
    private const int MaxIdLength = 64;
    private const int MaxNameLength = 40;
    private const int MaxTextLength = 2000;

    public bool IsFit() =>
        IsFilled(Member, MaxIdLength) && IsFilled(Id, MaxIdLength) && IsFilled(Name, MaxNameLength) && IsFilled(Text, MaxTextLength);

    private static bool IsFilled([NotNullWhen(true)] string? text, int maxLength) =>
        !string.IsNullOrWhiteSpace(text) && text.Length <= maxLength;
}
