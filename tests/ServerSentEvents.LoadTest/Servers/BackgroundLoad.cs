using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>Adds other work to the thread pool of a server. Each work item runs for 10 ms, and queues itself again.</summary>
internal sealed class BackgroundLoad : IThreadPoolWorkItem
{
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(10);

    private BackgroundLoad()
    {
    }

    internal static void Start(int items)
    {
        for (var i = 0; i < items; i++)
            ThreadPool.UnsafeQueueUserWorkItem(new BackgroundLoad(), preferLocal: false);
    }

    public void Execute()
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Duration)
            Thread.SpinWait(100);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
