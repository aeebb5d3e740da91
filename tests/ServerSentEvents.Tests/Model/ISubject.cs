namespace ServerSentEvents.Tests.Model;

/// <summary>
/// The target of the operations: the publisher or its model. Each method returns everything that a caller can see, so
/// equal texts mean equal behavior.
/// </summary>
internal interface ISubject
{
    string Subscribe(Subscribe operation);

    string Publish(Publish operation);

    string Read(Read operation);

    string Leave(Leave operation);

    string Unsubscribe(Unsubscribe operation);

    string JoinChannels(JoinChannels operation);

    string LeaveChannels(LeaveChannels operation);

    string Disconnect(Disconnect operation);

    string Close();

    /// <summary>Returns everything that a caller can see without reading.</summary>
    string State();
}
