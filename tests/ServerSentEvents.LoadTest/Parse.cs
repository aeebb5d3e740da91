using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>Parses numbers in the invariant culture, and command lines.</summary>
internal static class Parse
{
    internal static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    internal static double Fraction(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Sets each option of a command line. Only the option that selects the mode can lack a value.</summary>
    /// <exception cref="ArgumentException">An option has no value.</exception>
    internal static void Options(string[] arguments, string mode, Action<string, string> set)
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            if (i + 1 < arguments.Length && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
                set(arguments[i], arguments[++i]);
            else if (arguments[i] != mode)
                throw new ArgumentException($"{arguments[i]} needs a value.", nameof(arguments));
        }
    }
}
