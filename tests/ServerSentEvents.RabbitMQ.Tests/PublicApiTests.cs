using ServerSentEvents.Tests;
using ServerSentEvents.Tests.PublicApi;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>The public surface, held against a file, so that no change of it goes unnoticed or unrecorded.</summary>
public sealed class PublicApiTests
{
    private const string UpdateVariable = "UPDATE_PUBLIC_API";
    private const string File = "src/ServerSentEvents.RabbitMQ/PublicApi.txt";

    [Fact]
    public void PublicApi_RabbitMQ_IsAsRecorded()
    {
        var path = RepositoryFiles.PathOf(File);
        string[] actual = [.. PublicSurface.Of(typeof(RabbitMQBackplane<>).Assembly)];
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
            System.IO.File.WriteAllText(path, string.Concat(actual.Select(line => line + "\n")));

        System.IO.File.ReadAllLines(path).Should().Equal(
            actual, "a change of {0} is recorded by running the tests with the environment variable {1}=1", File, UpdateVariable);
    }
}
