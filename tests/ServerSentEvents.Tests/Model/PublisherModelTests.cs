using FsCheck;
using FsCheck.Fluent;

namespace ServerSentEvents.Tests.Model;

/// <summary>
/// Whatever is done to a publisher, in whatever order, it does as the model. A failure prints the shortest sequence that was
/// found, and what the two said after its last step.
/// </summary>
public sealed class PublisherModelTests
{
    private const int Sequences = 2_000;

    [Fact]
    public void AnySequenceOfOperations_OnPublisherAndModel_CannotTellThemApart() =>
        Prop.ForAll(Scenario.Any, Compare).Check(Config.QuickThrowOnFailure.WithMaxTest(Sequences));

    private static void Compare(Scenario scenario)
    {
        var publisher = new PublisherUnderTest(scenario.HistoryCapacity);
        var model = new PublisherModel(scenario.HistoryCapacity);
        foreach (var operation in scenario.Operations)
            Compare(operation, publisher, model);

        // In the end everybody reads everything, up to and with the end of the stream.
        Compare(new ClosePublisher(), publisher, model);
        for (var reader = 0; reader < scenario.Operations.OfType<Subscribe>().Count(); reader++)
            Compare(new Read(reader, int.MaxValue), publisher, model);
    }

    private static void Compare(Operation operation, PublisherUnderTest publisher, PublisherModel model)
    {
        var actual = $"{operation.ApplyTo(publisher)}\n{publisher.State()}";
        var expected = $"{operation.ApplyTo(model)}\n{model.State()}";
        if (actual != expected)
            Assert.Fail($"After '{operation}' the publisher says:\n{actual}\n\nand the model:\n{expected}");
    }
}
