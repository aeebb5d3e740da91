using System.Diagnostics.CodeAnalysis;

namespace System.Runtime.CompilerServices;

/// <summary>
/// A replacement for the builder of the .NET libraries, which Coyote does not rewrite. The compiler prefers this type.
/// </summary>
/// <typeparam name="TResult">The type of the result.</typeparam>
[SuppressMessage("Performance", "CA1815", Justification = "Only the compiler uses this type.")]
[SuppressMessage("Design", "CA1000", Justification = "The compiler requires these members.")]
internal struct PoolingAsyncValueTaskMethodBuilder<TResult>
{
    private AsyncValueTaskMethodBuilder<TResult> _builder;

    public ValueTask<TResult> Task => _builder.Task;

    public static PoolingAsyncValueTaskMethodBuilder<TResult> Create() => new() { _builder = AsyncValueTaskMethodBuilder<TResult>.Create() };

    public void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => _builder.Start(ref stateMachine);

    public void SetStateMachine(IAsyncStateMachine stateMachine) => _builder.SetStateMachine(stateMachine);

    public void SetResult(TResult result) => _builder.SetResult(result);

    public void SetException(Exception exception) => _builder.SetException(exception);

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitOnCompleted(ref awaiter, ref stateMachine);

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
}
