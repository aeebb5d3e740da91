using System.Globalization;
using Microsoft.Coyote;
using Microsoft.Coyote.Rewriting;
using Microsoft.Coyote.SystematicTesting;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic.Exploration;

/// <summary>Runs a scenario under many schedules of its threads, and fails the test at the first schedule that fails.</summary>
internal static class Schedules
{
    private const uint DefaultCount = 4_000;

    /// <summary>Each strategy gets an equal share of the schedules.</summary>
    private static readonly (string Name, Func<Configuration, Configuration> Apply)[] Strategies =
    [
        ("random", configuration => configuration.WithRandomStrategy()),
        ("prioritization", configuration => configuration.WithPrioritizationStrategy(isFair: true, priorityChangeBound: 5)),
    ];

    /// <summary>Explores schedules of a scenario. The scenario runs once per schedule and leaves nothing behind.</summary>
    internal static void Explore(Func<Task> scenario, ITestOutputHelper output)
    {
        ThrowIfNotRewritten();
        if (Environment.GetEnvironmentVariable("SYSTEMATIC_TRACE") is { Length: > 0 } trace)
        {
            Run("replay", NewConfiguration(1).WithReproducibleTrace(File.ReadAllText(trace)), scenario, output);
            return;
        }

        var count = Number("SYSTEMATIC_SCHEDULES", DefaultCount);
        foreach (var (name, apply) in Strategies)
            Run(name, apply(NewConfiguration(Math.Max(1, count / (uint)Strategies.Length))), scenario, output);
    }

    private static Configuration NewConfiguration(uint schedules) => Configuration.Create()
        .WithTestingIterations(schedules)
        // A failure belongs to a commit, not to a run: the same seed explores the same schedules.
        .WithRandomGeneratorSeed(Number("SYSTEMATIC_SEED", 1))
        .WithPartiallyControlledConcurrencyAllowed(false)
        .WithTelemetryEnabled(false);

    private static void Run(string strategy, Configuration configuration, Func<Task> scenario, ITestOutputHelper output)
    {
        using var engine = TestingEngine.Create(configuration, () => RunToTheEndAsync(scenario));
        engine.RegisterStartIterationCallBack(_ => Reset());
        var start = TimeProvider.System.GetTimestamp();
        engine.Run();
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        var report = engine.TestReport;
        var explored = report.NumOfExploredFairPaths + report.NumOfExploredUnfairPaths;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{strategy}: {explored} schedules in {elapsed.TotalSeconds:F1} s, at most {report.MaxExploredFairSteps} steps"));
        if (report.NumOfFoundBugs == 0 && report.InternalErrors.Count == 0)
            return;

        engine.TryEmitReports(ReportFolder(), "schedule", out var files);
        Assert.Fail(string.Join(
            Environment.NewLine,
            [
                $"A schedule of the strategy '{strategy}' failed, the {explored}th.",
                .. report.BugReports,
                .. report.InternalErrors,
                "The schedule:",
                engine.ReadableTrace,
                "Reports; the .trace file is for SYSTEMATIC_TRACE:",
                .. files,
            ]));
    }

    /// <summary>Runs a scenario and all that it started: the next schedule must not see the rest of this one.</summary>
    private static async Task RunToTheEndAsync(Func<Task> scenario)
    {
        await scenario();
        await ScheduledThreadPool.WaitUntilIdleAsync();
    }

    /// <summary>Forgets a schedule that failed halfway.</summary>
    private static void Reset()
    {
        ScheduledThreadPool.Reset();
        ProcessWideState.Reset();
    }

    private static string ReportFolder() =>
        Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "failures", Path.GetRandomFileName())).FullName;

    private static uint Number(string variable, uint otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? uint.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static void ThrowIfNotRewritten()
    {
        if (!typeof(Schedules).Assembly.IsDefined(typeof(RewritingSignatureAttribute), inherit: false))
            throw new InvalidOperationException("Coyote has not rewritten this assembly: build the project again.");
    }
}
