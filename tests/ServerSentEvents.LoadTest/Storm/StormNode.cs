using System.Globalization;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest.Storm;

/// <summary>A server process of a storm, with a connection that asks for its arrivals.</summary>
internal sealed class StormNode(Setup setup, int jitter)
    : ControlledServer(setup, "storm-server", setup.ToString(), jitter.ToString(CultureInfo.InvariantCulture))
{
    internal TimeSpan ProcessorTime => ProcFile.ProcessorTime(Process.Id);

    internal long ResidentBytes => ProcFile.ResidentBytes(Process.Id);

    internal Task<int> CountAsync() => Control.GetFromJsonAsync<int>(new Uri("/count", UriKind.Relative));

    /// <summary>Returns the times at which clients subscribed, in ticks of the clock that all processes share.</summary>
    internal async Task<long[]> GetArrivalsAsync() =>
        (await Control.GetFromJsonAsync<long[]>(new Uri("/arrivals", UriKind.Relative)))!;

    /// <summary>Starts a graceful shutdown.</summary>
    internal void ShutDown() => Process.CloseInput();

    /// <summary>Kills the process.</summary>
    internal void Kill() => Process.Kill();
}
