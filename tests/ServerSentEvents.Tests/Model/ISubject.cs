namespace ServerSentEvents.Tests.Model;

/// <summary>
/// What operations are done to: the publisher, or the model of it. Each answers with all that a caller gets to see, so that
/// the two agree if their answers do.
/// </summary>
internal interface ISubject
{
    string Subscribe(Subscribe how);

    string Publish(Publish what);

    string Read(Read how);

    string Leave(Leave how);

    string Unsubscribe(Unsubscribe whom);

    string Close();

    /// <summary>Everything that can be seen without reading, after each operation.</summary>
    string State();
}
