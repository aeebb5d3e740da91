namespace ServerSentEvents.Internal.Delivery;

/// <summary>Failures that end a copy. A byte, because each subscription has one.</summary>
internal enum CopyFailure : byte
{
    None,

    /// <summary>The initial data could not be loaded.</summary>
    Load,

    /// <summary>The writer has thrown. Events may be missing.</summary>
    Writer,
}
