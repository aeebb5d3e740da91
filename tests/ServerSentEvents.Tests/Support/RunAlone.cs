namespace ServerSentEvents.Tests;

/// <summary>What is measured, or belongs to the whole process, is tested with nothing else running.</summary>
[CollectionDefinition(nameof(RunAlone), DisableParallelization = true)]
public sealed class RunAlone;
