// Scenarios share the library's process-wide scheduler.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
