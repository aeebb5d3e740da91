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
    private const uint DefaultCount = 200;

    /// <summary>How often the prioritization strategy lets another thread overtake, in one schedule.</summary>
    private const uint PriorityChanges = 5;

    /// <summary>The strategies that switch threads at locks, tasks, interlocked and volatile operations.</summary>
    private static readonly Strategy[] AtSynchronization =
    [
        new("random", configuration => configuration.WithRandomStrategy()),
        new("prioritization", configuration => configuration.WithPrioritizationStrategy(isFair: true, PriorityChanges)),
    ];

    /// <summary>The same strategies, which also switch threads at each access to a field: they see unsynchronized fields.</summary>
    private static readonly Strategy[] AtFields = Array.ConvertAll(AtSynchronization, strategy => new Strategy(
        strategy.Name + ", at fields", configuration => strategy.Apply(configuration).WithMemoryAccessRaceCheckingEnabled()));

    /// <summary>
    /// Explores schedules of a scenario. The scenario runs once per schedule and leaves nothing behind. Each strategy gets
    /// an equal share of the schedules.
    /// </summary>
    internal static void Explore(Func<Task> scenario, ITestOutputHelper output, bool atFields = true)
    {
        PrepareAssembly();
        if (Environment.GetEnvironmentVariable("SYSTEMATIC_TRACE") is { Length: > 0 } trace)
        {
            Run("replay", NewConfiguration(1).WithReproducibleTrace(File.ReadAllText(trace)), scenario, output);
            return;
        }

        Strategy[] strategies = atFields ? [.. AtSynchronization, .. AtFields] : AtSynchronization;
        var count = Math.Max(1, Number("SYSTEMATIC_SCHEDULES", DefaultCount) / (uint)strategies.Length);
        foreach (var strategy in strategies)
            Run(strategy.Name, strategy.Apply(NewConfiguration(count)), scenario, output);
    }

    private static Configuration NewConfiguration(uint schedules) => Configuration.Create()
        .WithTestingIterations(schedules)
        // A failure belongs to a commit, not to a run: the same seed explores the same schedules.
        .WithRandomGeneratorSeed(Number("SYSTEMATIC_SEED", 1))
        .WithPartiallyControlledConcurrencyAllowed(false)
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
                "The reports. SYSTEMATIC_TRACE takes the path of the .trace file and runs this schedule alone:",
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

    private static void PrepareAssembly()
    {
        var assembly = typeof(Schedules).Assembly;
        if (!assembly.IsDefined(typeof(RewritingSignatureAttribute), inherit: false))
            throw new InvalidOperationException("Coyote has not rewritten this assembly: build the project again.");
        // A thread that Coyote pauses within a type initializer would block all others that need the type.
        foreach (var type in assembly.GetTypes().Where(type => !type.ContainsGenericParameters))
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
    }

    /// <summary>A way to choose the thread that runs next.</summary>
    private sealed record Strategy(string Name, Func<Configuration, Configuration> Apply);
}
