namespace ServerSentEvents.Internal.Events;

/// <summary>
/// Makes text encodable: a surrogate without its partner has no UTF-8 form and becomes U+FFFD. It is done to the text
/// itself, because whoever reads strings must get what one who reads bytes gets.
/// </summary>
internal static class Utf16
{
    private const char ReplacementCharacter = '\uFFFD';

    internal static string ReplaceLoneSurrogates(string text)
    {
#if NET
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;
#endif
        var lone = IndexOfLoneSurrogate(text, 0);
        if (lone < 0)
            return text;

        var replaced = text.ToCharArray();
        for (; lone >= 0; lone = IndexOfLoneSurrogate(text, lone + 1))
            replaced[lone] = ReplacementCharacter;
        return new string(replaced);
    }

    private static int IndexOfLoneSurrogate(string text, int start)
    {
        for (var i = start; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return i;
            i++;
        }

        return -1;
    }
}
