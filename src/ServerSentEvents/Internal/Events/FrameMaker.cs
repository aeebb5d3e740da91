namespace ServerSentEvents.Internal.Events;

/// <summary>Makes the frame of one subscriber by a function of the application. Returns null for none.</summary>
/// <typeparam name="TProperties">The type of the data that the application attaches to each subscriber.</typeparam>
/// <param name="properties">The properties of the subscriber.</param>
/// <param name="last">The frame of the subscriber before; the default value for none.</param>
internal delegate Frame? FrameMaker<in TProperties>(TProperties properties, ref LastFrame last);
