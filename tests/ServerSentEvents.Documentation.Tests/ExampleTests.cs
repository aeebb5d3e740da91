using System.Xml.Linq;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>Tests that the code examples of the XML documentation compile as programs, without a warning.</summary>
public sealed class ExampleTests
{
    public static TheoryData<string> MembersWithExamples =>
        [.. PublicMembers.All.Where(member => ExamplesOf(member).Any()).Select(NameOf)];

    [Theory]
    [MemberData(nameof(MembersWithExamples))]
    public void Example_OfMember_Compiles(string member)
    {
        foreach (var code in ExamplesOf(PublicMembers.All.Single(candidate => NameOf(candidate) == member)))
            ExampleCompiler.Problems(code).Should().BeEmpty("this example of {0} must compile:\n{1}", member, code);
    }

    [Theory]
    [InlineData("ServerSentEvents.Publisher")]
    [InlineData("Microsoft.AspNetCore.Builder.ServerSentEventsEndpointRouteBuilderExtensions")]
    [InlineData("ServerSentEvents.Client.EventStreamClient")]
    [InlineData("ServerSentEvents.RabbitMQ.RabbitMQBackplane`1")]
    [InlineData("ServerSentEvents.Redis.RedisBackplane`1")]
    public void Examples_OfEachPackage_AreFound(string type) => MembersWithExamples.Should().Contain($"T:{type}");

    /// <summary>The members that people look for first, by the start of their names, with the number of their overloads.</summary>
    [Theory]
    [InlineData("M:ServerSentEvents.Publisher`1.Publish(System.String,", 1)]
    [InlineData("M:ServerSentEvents.Publisher`1.PublishJson``1(", 4)]
    [InlineData("M:ServerSentEvents.Publisher`1.PublishAllAsync(", 2)]
    [InlineData("M:ServerSentEvents.Publisher`1.GetAllSubscribers", 1)]
    [InlineData("M:ServerSentEvents.Publisher`1.GetChannels", 1)]
    [InlineData("M:ServerSentEvents.Publisher`1.Disconnect(", 1)]
    [InlineData("M:ServerSentEvents.EventPublisherExtensions.PublishJsonAsync``1(", 2)]
    [InlineData("M:ServerSentEvents.EventPublisherExtensions.PublishAllAsync(", 2)]
    [InlineData("M:ServerSentEvents.ChannelNames.op_Implicit(System.Collections.Generic.List{", 1)]
    [InlineData("M:ServerSentEvents.Subscription`1.Join(", 1)]
    [InlineData("M:ServerSentEvents.Subscription`1.Leave(", 1)]
    [InlineData("P:ServerSentEvents.Subscription`1.QueuedBytes", 1)]
    [InlineData("P:ServerSentEvents.SubscribeOptions`1.LoadInitialData", 1)]
    [InlineData("P:ServerSentEvents.SubscribeOptions`1.QueueCapacityBytes", 1)]
    [InlineData("P:ServerSentEvents.SubscribeOptions`1.ConflationKey", 1)]
    [InlineData("P:ServerSentEvents.PublisherOptions.QueueCapacityBytes", 1)]
    [InlineData("P:ServerSentEvents.PublisherOptions.MaxEventBytes", 1)]
    [InlineData("P:ServerSentEvents.PublisherOptions.MaxSubscribers", 1)]
    [InlineData("P:ServerSentEvents.PublisherOptions.LingerTimeout", 1)]
    [InlineData("P:ServerSentEvents.PublisherOptions.HistoryCapacityBytes", 1)]
    [InlineData("P:ServerSentEvents.PublisherOptions.GapEvent", 1)]
    public void Example_OfEachOverload_IsThere(string name, int overloads)
    {
        var members = PublicMembers.All.Where(member => NameOf(member).StartsWith(name, StringComparison.Ordinal)).ToList();

        members.Should().HaveCount(overloads);
        members.Should().OnlyContain(member => ExamplesOf(member).Any());
    }

    [Theory]
    [InlineData("var publisher = new Publisher();", "CS0246")]
    [InlineData("using ServerSentEvents;\nnew Publisher().Subscribe(1);", "CS1503")]
    [InlineData("using ServerSentEvents;\nstring data = null;\nnew Publisher().Publish(data);", "CS8600")]
    public void Problems_CodeDoesNotCompile_AreFound(string code, string problem) =>
        ExampleCompiler.Problems(code).Should().Contain(found => found.Contains(problem));

    private static IEnumerable<string> ExamplesOf(XElement member) =>
        member.Elements("example").Descendants("code").Select(code => code.Value.Trim());

    private static string NameOf(XElement member) => member.Attribute("name")!.Value;
}
