namespace Dashboard;

/// <summary>Somebody who looks on.</summary>
/// <param name="Page">The name that the page has given itself, at random; empty for a client that is no page.</param>
internal sealed record Viewer(string Page);
