using System.Reflection;

namespace ServerSentEvents.Tests;

/// <summary>Uses members that are not public, for states that no public member reaches for certain.</summary>
internal static class Private
{
    private const BindingFlags Members =
        BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;

    /// <summary>Returns the value of a field or property. Fails if the object has neither.</summary>
    internal static object Get(object target, string name)
    {
        for (var type = target.GetType(); type is not null; type = type.BaseType)
        {
            if (type.GetField(name, Members) is { } field)
                return field.GetValue(target)!;
            if (type.GetProperty(name, Members) is { } property)
                return property.GetValue(target)!;
        }

        throw new MissingMemberException(target.GetType().FullName, name);
    }

    /// <summary>Calls a method without parameters. Fails if the object has none of this name.</summary>
    internal static void Call(object target, string name)
    {
        var method = target.GetType().GetMethod(name, Members, binder: null, Type.EmptyTypes, modifiers: null)
            ?? throw new MissingMethodException(target.GetType().FullName, name);
        method.Invoke(target, parameters: null);
    }
}

/// <summary>Holds the lock of a publisher. Other threads of the publisher wait until it is disposed by the same thread.</summary>
internal sealed class HeldGate : IDisposable
{
    private readonly object _gate;

    private HeldGate(object gate)
    {
        _gate = gate;
#if NET9_0_OR_GREATER
        if (gate is Lock own)
        {
            own.Enter();
            return;
        }
#endif
        Monitor.Enter(gate);
    }

    internal static HeldGate Of<TProperties>(Publisher<TProperties> publisher) => new(Private.Get(RegistryOf(publisher), "_gate"));

    /// <summary>Holds the lock of the cipher of a publisher's ids. Other threads that read or make such an id wait.</summary>
    internal static HeldGate OfIds<TProperties>(Publisher<TProperties> publisher) =>
        new(Private.Get(Private.Get(Private.Get(RegistryOf(publisher), "_history"), "Ids"), "_gate"));

    public void Dispose()
    {
#if NET9_0_OR_GREATER
        if (_gate is Lock own)
        {
            own.Exit();
            return;
        }
#endif
        Monitor.Exit(_gate);
    }

    private static object RegistryOf<TProperties>(Publisher<TProperties> publisher) =>
        Private.Get(Private.Get(publisher, "_core"), "Registry");
}
