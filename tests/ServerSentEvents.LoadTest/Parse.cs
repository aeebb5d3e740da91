using System.Globalization;

namespace ServerSentEvents.LoadTest;

/// <summary>Numbers as programs write them for each other.</summary>
internal static class Parse
{
    internal static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    internal static double Fraction(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
