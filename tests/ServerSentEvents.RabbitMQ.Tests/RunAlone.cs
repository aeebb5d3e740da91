namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>What belongs to the whole process is tested with nothing else running.</summary>
[CollectionDefinition(nameof(RunAlone), DisableParallelization = true)]
public sealed class RunAlone;
