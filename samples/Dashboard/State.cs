namespace Dashboard;

/// <summary>What a stream begins with that does not resume: all that a page needs to know.</summary>
/// <param name="Interval">The time between two samples, in milliseconds.</param>
/// <param name="History">How many samples are kept.</param>
/// <param name="Samples">Those that are, the oldest first.</param>
internal sealed record State(double Interval, int History, IReadOnlyCollection<Sample> Samples);
