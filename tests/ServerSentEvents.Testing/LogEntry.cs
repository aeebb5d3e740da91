using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Testing;

/// <summary>An entry of a log.</summary>
public sealed record LogEntry(string Category, LogLevel Level, int Id, string Message, Exception? Exception);
