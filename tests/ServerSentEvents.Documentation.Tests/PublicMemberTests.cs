using System.Reflection;
using System.Xml.Linq;

namespace ServerSentEvents.Documentation.Tests;

/// <summary>Tests that the XML documentation states threads, lifetime and errors.</summary>
public sealed class PublicMemberTests
{
    private static readonly NullabilityInfoContext Nullability = new();

    public static TheoryData<string> TypesWithState =>
    [
        .. from type in PublicMembers.Types
           where !type.IsValueType && !IsStatic(type) && !type.IsAssignableTo(typeof(Exception))
           select type.FullName!,
    ];

    public static TheoryData<string> DisposableTypes =>
    [
        .. from type in PublicMembers.Types
           where type.IsAssignableTo(typeof(IDisposable)) || type.IsAssignableTo(typeof(IAsyncDisposable))
           select type.FullName!,
    ];

    public static TheoryData<string> TypesWithCode =>
    [
        .. from type in PublicMembers.Types
           where (type.IsClass || type == typeof(IEventPublisher))
               && !type.IsAssignableTo(typeof(Delegate)) && !type.IsAssignableTo(typeof(Exception))
           select type.FullName!,
    ];

    [Theory]
    [MemberData(nameof(TypesWithState))]
    public void Type_WithState_StatesThreads(string type) =>
        PublicMembers.Of(Find(type)).Value.Should().ContainEquivalentOf("thread");

    [Theory]
    [MemberData(nameof(DisposableTypes))]
    public void Type_Disposable_StatesItsLifetime(string type)
    {
        var texts = PublicMembers.MethodsOf(Find(type)).Select(each => each.Documentation.Value).Append(PublicMembers.Of(Find(type)).Value);
        texts.Should().Contain(text => text.Contains("dispos", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [MemberData(nameof(TypesWithCode))]
    public void Method_WithAParameterThatIsNotNull_StatesTheException(string type)
    {
        foreach (var (method, documentation) in PublicMembers.MethodsOf(Find(type)))
        {
            if (method.GetParameters().Any(MustNotBeNull))
                StatesNull(documentation).Should().BeTrue("{0} of {1} has parameters that must not be null", method, type);
        }
    }

    private static bool StatesNull(XElement documentation) =>
        documentation.Elements("inheritdoc").Any()
        || documentation.Elements("exception").Any(exception =>
            exception.Attribute("cref")!.Value.StartsWith("T:System.Argument", StringComparison.Ordinal)
            && exception.Value.Contains("null", StringComparison.Ordinal));

    private static bool MustNotBeNull(ParameterInfo parameter) =>
        !parameter.ParameterType.IsValueType && !parameter.ParameterType.IsGenericParameter
        && Nullability.Create(parameter).WriteState == NullabilityState.NotNull;

    private static bool IsStatic(Type type) => type.IsAbstract && type.IsSealed;

    private static Type Find(string name) => PublicMembers.Types.Single(type => type.FullName == name);
}
