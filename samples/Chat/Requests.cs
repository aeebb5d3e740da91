namespace Chat;

/// <summary>What a page posts to <c>/messages</c>.</summary>
/// <param name="Member">Who writes: the id that <c>hello</c> gave, a secret between that member and the server.</param>
/// <param name="Id">The message's own id, made by the page, so that a message that is sent again is taken once.</param>
/// <param name="Text">What is said.</param>
internal sealed record MessageRequest(string? Member, string? Id, string? Text);

/// <summary>What a page posts to <c>/name</c>.</summary>
/// <param name="Member">Who is renamed: the id that <c>hello</c> gave.</param>
/// <param name="Name">The new name.</param>
internal sealed record NameRequest(string? Member, string? Name);
