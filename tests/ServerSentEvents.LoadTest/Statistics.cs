namespace ServerSentEvents.LoadTest;

/// <summary>Calculates statistics of several measurements.</summary>
internal static class Statistics
{
    /// <summary>Returns the value that a part of all values does not exceed. Returns NaN if there are no values.</summary>
    internal static double Quantile(IEnumerable<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * part) - 1)];
    }

    /// <summary>Returns the middle value, or the mean of the two middle values. Returns NaN if there are no values.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
