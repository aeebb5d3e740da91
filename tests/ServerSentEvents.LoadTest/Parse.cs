using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>Parses numbers in the invariant culture.</summary>
internal static class Parse
{
    internal static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    internal static double Fraction(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
