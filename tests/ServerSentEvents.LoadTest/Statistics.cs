namespace ServerSentEvents.LoadTest;

/// <summary>What is told of several measurements.</summary>
internal static class Statistics
{
    /// <summary>The value that this part of all values does not exceed; of none, not a number.</summary>
    internal static double Quantile(IEnumerable<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * part) - 1)];
    }

    /// <summary>The middle one, and of an even number the mean of the two in the middle; of none, not a number.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
