using FsCheck;
using FsCheck.Fluent;

namespace ServerSentEvents.Tests.Model;

/// <summary>
/// Applies random operations to a publisher and to its model, and compares the results. A failure prints the shortest
/// sequence that FsCheck found, and both results after its last operation.
/// </summary>
public sealed class PublisherModelTests
{
    private const int Sequences = 2_000;

    [Fact]
    public void Operations_RandomSequence_GiveTheSameResultsAsTheModel() =>
        Prop.ForAll(Scenario.Any, Compare).Check(Config.QuickThrowOnFailure.WithMaxTest(Sequences));

    private static void Compare(Scenario scenario)
    {
        var publisher = new PublisherUnderTest(scenario.HistoryCapacity, scenario.HistoryCapacityBytes);
        var model = new PublisherModel(scenario.HistoryCapacity, scenario.HistoryCapacityBytes);
        foreach (var operation in scenario.Operations)
            Compare(operation, publisher, model);

        // At the end, each subscriber reads up to the end of its stream.
        Compare(new ClosePublisher(), publisher, model);
        for (var reader = 0; reader < scenario.Operations.OfType<Subscribe>().Count(); reader++)
            Compare(new Read(reader, int.MaxValue), publisher, model);
    }

    private static void Compare(Operation operation, PublisherUnderTest publisher, PublisherModel model)
    {
        var actual = $"{operation.ApplyTo(publisher)}\n{publisher.State()}";
        var expected = $"{operation.ApplyTo(model)}\n{model.State()}";
        if (actual != expected)
            Assert.Fail($"After '{operation}' the publisher returned:\n{actual}\n\nThe model returned:\n{expected}");
    }
}
