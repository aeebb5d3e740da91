using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Coyote;
using Microsoft.Coyote.Rewriting;
using Microsoft.Coyote.SystematicTesting;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic.Exploration;

/// <summary>Runs a scenario under many schedules of its threads, and fails the test at the first schedule that fails.</summary>
internal static class Schedules
{
    /// <summary>The number of schedules of a long scenario, such as one with nodes of a backplane.</summary>
    internal const uint Few = 60;

    private const uint DefaultCount = 240;

    /// <summary>The time without a step, in milliseconds, after which Coyote reports a hang. A busy machine needs more than a second.</summary>
    private const uint HangTimeout = 60_000;

    /// <summary>The number of times that the prioritization strategy changes priorities in one schedule.</summary>
    private const uint PriorityChanges = 5;

    /// <summary>The strategies that switch threads at locks, tasks, interlocked and volatile operations.</summary>
    private static readonly Strategy[] AtSynchronization =
    [
        new("random", configuration => configuration.WithRandomStrategy()),
        new("prioritization", configuration => configuration.WithPrioritizationStrategy(isFair: true, PriorityChanges)),
    ];

    /// <summary>The same strategies with switches also at each field access, which finds unsynchronized fields.</summary>
    private static readonly Strategy[] AtFields = Array.ConvertAll(AtSynchronization, strategy => new Strategy(
        strategy.Name + ", at fields", configuration => strategy.Apply(configuration).WithMemoryAccessRaceCheckingEnabled()));

    /// <summary>
    /// Explores schedules of a scenario. The scenario runs once per schedule and leaves nothing behind. Each strategy gets
    /// an equal share of the schedules. A variable of the environment replaces their number.
    /// </summary>
    internal static void Explore(Func<Task> scenario, ITestOutputHelper output, bool atFields = true, uint count = DefaultCount)
    {
        PrepareAssembly();
        if (Environment.GetEnvironmentVariable("SYSTEMATIC_TRACE") is { Length: > 0 } trace)
        {
            Run("replay", NewConfiguration(1).WithReproducibleTrace(File.ReadAllText(trace)), scenario, output);
            return;
        }

        Strategy[] strategies = atFields ? [.. AtSynchronization, .. AtFields] : AtSynchronization;
        var share = Math.Max(1, Number("SYSTEMATIC_SCHEDULES", count) / (uint)strategies.Length);
        foreach (var strategy in strategies)
            Run(strategy.Name, strategy.Apply(NewConfiguration(share)), scenario, output);
    }

    private static Configuration NewConfiguration(uint schedules) => Configuration.Create()
        .WithTestingIterations(schedules)
        // The seed is fixed, so that each run of a commit explores the same schedules.
        .WithRandomGeneratorSeed(Number("SYSTEMATIC_SEED", 1))
        .WithPartiallyControlledConcurrencyAllowed(false)
        .WithDeadlockTimeout(HangTimeout)
        .WithTraceAnalysisEnabled(false)
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
                $"Schedule {explored} of the strategy '{strategy}' failed.",
                .. report.BugReports,
                .. report.InternalErrors,
                "The schedule:",
                engine.ReadableTrace,
                "Set SYSTEMATIC_TRACE to the path of the .trace file to run only this schedule. The reports:",
                .. files,
            ]));
    }

    /// <summary>Runs a scenario and all work that it started, so that no work is left for the next schedule.</summary>
    private static async Task RunToTheEndAsync(Func<Task> scenario)
    {
        await scenario();
        await ScheduledThreadPool.WaitUntilIdleAsync();
    }

    /// <summary>Resets the state after a schedule that failed.</summary>
    private static void Reset()
    {
        ScheduledThreadPool.Reset();
        ProcessWideState.Reset();
    }

    private static string ReportFolder() =>
        Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "failures", Path.GetRandomFileName())).FullName;

    private static uint Number(string variable, uint otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? uint.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static void PrepareAssembly()
    {
        var assembly = typeof(Schedules).Assembly;
        if (!assembly.IsDefined(typeof(RewritingSignatureAttribute), inherit: false))
            throw new InvalidOperationException("Coyote has not rewritten this assembly. Build the project again.");
        // If Coyote paused a thread in a type initializer, all other threads that need the type would block.
        foreach (var type in assembly.GetTypes().Where(type => !type.ContainsGenericParameters))
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
    }

    /// <summary>A way to choose the thread that runs next.</summary>
    private sealed record Strategy(string Name, Func<Configuration, Configuration> Apply);
}
