using System.Globalization;
using Xunit.Abstractions;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>Tests that no untrusted input crashes a reader, delays it, or makes it allocate without bounds.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly Func<FuzzTarget>[] Targets =
        [() => new IdTarget(), () => new MessageTarget(), () => new StreamTarget(), () => new RequestTarget()];

    public static TheoryData<string> Names => [.. Targets.Select(make => make().Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Corpus_EachInput_HoldsTheProperties(string name)
    {
        var fuzzer = NewFuzzer(name, 1);

        fuzzer.RunCorpus();

        fuzzer.SeenBranches.Should().BeGreaterThan(15, "the build counts branches");
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Names))]
    public async Task Fuzz_ChangedInputs_HoldTheProperties(string name)
    {
        var duration = TimeSpan.FromSeconds(Setting("FUZZ_SECONDS", 15));
        var fuzzer = NewFuzzer(name, Setting("FUZZ_SEED", 1));
        var running = OwnThread.RunAsync(
            () =>
            {
                fuzzer.RunCorpus();
                fuzzer.RunChanged(duration);
            },
            Timeout.InfiniteTimeSpan);

        var ended = await Task.WhenAny(running, Task.Delay(duration + Limits.Patience));

        ended.Should().BeSameAs(running, "the input {0} ends", Convert.ToHexString(fuzzer.Input));
        await running;
        output.WriteLine($"{name}: {fuzzer.Runs} inputs, {fuzzer.SeenBranches} branches");
        if (Setting("FUZZ_SAVE", 0) != 0)
            fuzzer.SaveCorpus();
    }

    private static Fuzzer NewFuzzer(string name, int seed) => new(Targets.Select(make => make()).Single(target => target.Name == name), seed);

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
