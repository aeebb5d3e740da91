using System.Reflection;
using System.Runtime.Versioning;

namespace ServerSentEvents.Tests;

/// <summary>Tests which build and runtime the tests of this project use.</summary>
public sealed class RuntimeTests
{
    [Fact]
    public void Runtime_OfTheseTests_IsDotNet8() => Environment.Version.Major.Should().Be(8);

    [Fact]
    public void Publisher_OfTheseTests_IsOfTheNet8Build() =>
        typeof(Publisher).Assembly.GetCustomAttribute<TargetFrameworkAttribute>()!.FrameworkName.Should().Be(".NETCoreApp,Version=v8.0");
}
