using System.Globalization;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>Runs the phases of the soak in turns.</summary>
internal static class SoakProgram
{
    internal static async Task<int> RunAsync(SoakOptions options)
    {
        var obstacle = OperatingSystem.IsLinux()
            ? options.Phases.Select(phase => phase.Broker?.Missing).FirstOrDefault(missing => missing is not null)
            : "The load test needs Linux.";
        if (obstacle is not null)
        {
            await Console.Error.WriteLineAsync(obstacle);
            return 1;
        }

        var duration = TimeSpan.FromSeconds((double)options.Seconds / options.Phases.Count);
        var results = new List<PhaseResult>();
        Say($"seed {options.Seed}");
        foreach (var phase in options.Phases)
        {
            var findings = new Findings(phase, options.Seed);
            results.Add(await new PhaseRun(phase, options, duration, findings).RunAsync());
            Say($"{phase.Name}: {findings.Deliveries:N0} deliveries, {findings.Resumes:N0} resumes, {findings.Violations:N0} violations");
        }

        SoakTable.Write(Console.Out, options, results);
        if (options.Picture is { } picture)
            await File.WriteAllTextAsync(picture, SoakPicture.Draw(options, results));
        return results.Sum(result => result.Findings.Violations) == 0 ? 0 : 1;
    }

    private static void Say(FormattableString text) => Console.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
