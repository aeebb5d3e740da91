namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests that each public method names the argument that is null.</summary>
public sealed class ArgumentTests
{
    private static readonly Dictionary<string, (string Parameter, Func<Task> Call)> Calls = new()
    {
        ["connect no publisher"] = ("publisher", () => RedisBackplane<string>.ConnectAsync(null!, new RedisBackplaneOptions<string>())),
        ["connect without options"] = ("options", () => RedisBackplane<string>.ConnectAsync(new Publisher<string>(), null!)),
        ["publisher without options"] = ("options", () => Task.FromResult(new RedisEventPublisher(null!))),
    };

    public static TheoryData<string> Names => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Call_ArgumentIsNull_ThrowsWithItsName(string name)
    {
        var (parameter, call) = Calls[name];

        (await call.Should().ThrowAsync<ArgumentNullException>()).WithParameterName(parameter);
    }
}
