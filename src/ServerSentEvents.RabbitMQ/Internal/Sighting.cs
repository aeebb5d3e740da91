namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>What a reader knows of a message that it meets.</summary>
internal enum Sighting
{
    /// <summary>It is met for the first time.</summary>
    New,

    /// <summary>It has been read before, or stands further back than this reader began.</summary>
    Seen,

    /// <summary>It was sent again, and its first time, if the stream has it, was before this reader began.</summary>
    CannotBeTold,
}
