namespace ServerSentEvents.LoadTest.Storm;

/// <summary>Measures reconnect storms: all clients of a server come back to another one.</summary>
internal static class StormProgram
{
    internal static async Task<int> RunAsync(StormOptions options)
    {
        if (!OperatingSystem.IsLinux())
        {
            await Console.Error.WriteLineAsync("The load test needs Linux.");
            return 1;
        }

        Console.WriteLine(StormResult.Head);
        foreach (var jitter in options.Jitters)
        {
            foreach (var isKilled in (bool[])[false, true])
            {
                using var run = new StormRun(options, jitter, isKilled);
                Console.WriteLine(await run.RunAsync());
            }
        }

        return 0;
    }
}
