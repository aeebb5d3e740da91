namespace ServerSentEvents.Client.Tests;

/// <summary>The tests that measure, or that use state of the whole process. No other test runs at the same time.</summary>
[CollectionDefinition(nameof(RunAlone), DisableParallelization = true)]
public sealed class RunAlone;
