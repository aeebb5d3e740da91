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
