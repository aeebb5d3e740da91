using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Redis.Internal;

/// <summary>The messages of this package in the log. The engine has its own.</summary>
internal static partial class Log
{
    [LoggerMessage(
        1, LogLevel.Warning,
        "Stream {Stream}: Redis may delete the stream when its memory is full, because its maxmemory-policy is {Policy}. "
        + "Use noeviction or a volatile policy, or another Redis.")]
    internal static partial void MayBeEvicted(ILogger logger, string stream, string policy);
}
