using System.Diagnostics;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>Runs a target on inputs that change, and continues with the inputs that take new branches.</summary>
internal sealed class Fuzzer(FuzzTarget target, int seed)
{
    private const int LongestSavedInput = 200;

    private readonly Coverage _coverage = new();
    private readonly List<byte[]> _inputs = [];

    /// <summary>The input that runs, or ran last.</summary>
    internal byte[] Input { get; private set; } = [];

    internal int Runs { get; private set; }

    internal int SeenBranches => _coverage.SeenBranches;

    private string CorpusFile => RepositoryFiles.PathOf($"tests/ServerSentEvents.Fuzzing.Tests/Corpus/{target.Name}.txt");

    /// <summary>Runs the corpus: a line for each input, in hexadecimal digits.</summary>
    internal void RunCorpus()
    {
        foreach (var input in target.Seeds.Concat(File.ReadLines(CorpusFile).Select(Convert.FromHexString)))
        {
            // The first run of code allocates more.
            Try(input, isFirst: true);
            Try(input);
            _inputs.Add(input);
        }
    }

    internal void RunChanged(TimeSpan duration)
    {
        var random = new Random(seed);
        var mutator = new Mutator(random, target.Tokens);
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < duration;)
        {
            // Half of the inputs come from the newest ones.
            var newest = random.Next(2) * Math.Max(0, _inputs.Count - 16);
            var input = mutator.Change(_inputs[random.Next(newest, _inputs.Count)], _inputs[random.Next(_inputs.Count)]);
            if (Try(input))
                _inputs.Add(input);
        }
    }

    /// <summary>Rewrites the corpus with short inputs that each add a branch.</summary>
    internal void SaveCorpus()
    {
        var coverage = new Coverage();
        string[] lines = [.. _inputs.Skip(target.Seeds.Count()).Where(input => input.Length <= LongestSavedInput)
            .OrderBy(input => input.Length).Where(Adds).Select(Convert.ToHexString)];
        File.WriteAllLines(CorpusFile, lines);

        bool Adds(byte[] input)
        {
            Coverage.Clear();
            target.Run(input);
            return coverage.Add();
        }
    }

    /// <summary>Runs an input. Returns whether it takes a new branch.</summary>
    private bool Try(byte[] input, bool isFirst = false)
    {
        Input = input;
        Runs++;
        try
        {
            Coverage.Clear();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var check = target.Run(input);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            var isNew = _coverage.Add();
            FuzzTarget.Check(isFirst || allocated <= target.MaxAllocation(input.Length), $"{allocated} bytes were allocated");
            check();
            return isNew;
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{target.Name} fails with the input {Convert.ToHexString(input)} (seed {seed})", exception);
        }
    }
}
