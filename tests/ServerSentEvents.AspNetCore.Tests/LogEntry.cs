using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Tests;

internal sealed record LogEntry(string Category, LogLevel Level, int Id, string Message, Exception? Exception);
