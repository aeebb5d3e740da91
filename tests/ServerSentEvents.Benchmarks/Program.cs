using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using Perfolizer.Horology;
using ServerSentEvents.Benchmarks;

// Runs everything without arguments, and one measurement with --compare, --memory, --history or --weak-spots. Other arguments,
// such as --filter '*Resume*', go to BenchmarkDotNet.
switch (args)
{
    case ["--compare"]:
        InterleavedComparison.Run();
        break;
    case ["--memory"]:
        IdleMemory.Run();
        break;
    case ["--history"]:
        HistoryCost.Run();
        break;
    case ["--weak-spots"]:
        await WeakSpots.RunAsync();
        break;
    case []:
        RunBenchmarks(["--filter", "*", "--join"]);
        IdleMemory.Run();
        InterleavedComparison.Run();
        break;
    default:
        RunBenchmarks(args);
        break;
}

static void RunBenchmarks(string[] arguments)
{
    // Short, so that everything takes minutes. InterleavedComparison measures the most important ratio.
    var job = Job.Default.WithLaunchCount(1).WithWarmupCount(6).WithIterationCount(9)
        .WithIterationTime(TimeInterval.FromMilliseconds(100));
    var config = DefaultConfig.Instance
        .AddJob(job)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .HideColumns(Column.Job, Column.Error, Column.RatioSD, Column.AllocRatio, Column.InvocationCount, Column.UnrollFactor);
    BenchmarkSwitcher.FromAssembly(typeof(PublishBenchmarks).Assembly).Run(arguments, config);
}
