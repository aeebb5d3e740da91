namespace Dashboard;

/// <summary>What a page posts to <c>/outages</c>.</summary>
/// <param name="Page">The name of the page that is to lose its connection: its own.</param>
/// <param name="Seconds">For how long.</param>
internal sealed record OutageRequest(string? Page, double Seconds);
