using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>Calls of code that can throw, at places where nothing can handle the exception, such as on a timer's thread.</summary>
internal static class Guarded
{
    /// <summary>Runs an action, and logs its exception. Never throws.</summary>
    internal static void Run(Action action, ILogger logger)
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            try
            {
                Log.EndFailed(logger, exception);
            }
            catch (Exception)
            {
                // A logger throws what its providers throw. There is no other place to report to.
            }
        }
    }
}
