namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <content>Where there are none, <see cref="EndToEnd.Tests.Tool"/> decides what becomes of the tests.</content>
internal static partial class RabbitMQPrograms
{
    internal static void Require() =>
        EndToEnd.Tests.Tool.Require(Server is not null, Advice, Environment.GetEnvironmentVariable("CI"));
}
