using System.Diagnostics.CodeAnalysis;

namespace ServerSentEvents.Backplane;

/// <summary>
/// One stream of a broker, for the author of a broker's package. Messages get increasing offsets in the order in which they are
/// appended. They can be read from any offset, any number of times.
/// </summary>
/// <remarks>
/// <para><b>Connections.</b> A connection never comes back once it is lost. The engine opens another one, and resumes from the
/// last message that it has read. The transport must not recover by itself.</para>
/// <para><b>Errors.</b> After any exception, the engine closes the connection and opens another one. Messages of exceptions reach
/// the log, the health check and the caller of <c>PublishAsync</c>. Use the broker's own words. Throw
/// <see cref="StreamRefusedException"/> for a refusal that will not end by itself, such as a wrong password. An
/// <see cref="OperationCanceledException"/> that the engine did not cause is reported as a timeout of the broker.</para>
/// <para><b>Cancellation.</b> After the engine has canceled a call, the engine does not wait for it. The call may end later, such
/// as on a stalled network. If it then returns a connection, the engine disposes the connection.</para>
/// <para><b>Threads.</b> The engine calls both methods at the same time, from different threads.</para>
/// <para><b>Tests.</b> <c>TransportContract</c> in the repository's tests checks an implementation.</para>
/// </remarks>
[Experimental(StreamTransport.DiagnosticId)]
public interface IStreamTransport
{
    /// <summary>The name of the broker, such as <c>rabbitmq</c>: the tag <c>broker</c> of the metrics.</summary>
    string Broker { get; }

    /// <summary>The name of the stream, for logs and messages.</summary>
    string Stream { get; }

    /// <summary>Connects for appending, and creates the stream if there is none.</summary>
    /// <param name="observer">The receiver of confirmations.</param>
    /// <param name="cancellationToken">A token that stops connecting.</param>
    /// <returns>The connection. The engine disposes it.</returns>
    /// <exception cref="StreamRefusedException">The broker refuses, and another attempt would be refused as well.</exception>
    Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken);

    /// <summary>Connects for reading, and creates the stream if there is none.</summary>
    /// <param name="cancellationToken">A token that stops connecting.</param>
    /// <returns>The connection. The engine disposes it.</returns>
    /// <exception cref="StreamRefusedException">The broker refuses, and another attempt would be refused as well.</exception>
    Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken);
}

/// <summary>A connection to the broker. Disposing it takes at most a second, also on a stalled network.</summary>
/// <remarks>
/// The engine can dispose a connection on any thread, also while another call runs. A pending call ends when the connection is lost.
/// </remarks>
[Experimental(StreamTransport.DiagnosticId)]
public interface IStreamConnection : IAsyncDisposable
{
    /// <summary>A task that completes with the reason when the connection, or the stream, is lost. It never fails.</summary>
    Task<Exception> Lost { get; }
}

/// <summary>A connection that appends messages.</summary>
/// <remarks>
/// The engine reads <see cref="Blocked"/> on any thread. It can dispose the connection while <see cref="SendAsync"/> runs.
/// </remarks>
[Experimental(StreamTransport.DiagnosticId)]
public interface IStreamWriter : IStreamConnection
{
    /// <summary>The reason why the broker takes no message for now; null while the broker takes messages.</summary>
    string? Blocked { get; }

    /// <summary>
    /// Sends a message without waiting for its confirmation. Messages are numbered from 1, and appended in this order. The
    /// engine makes one call at a time, and has at most 64 messages unconfirmed.
    /// </summary>
    /// <param name="message">The message. It stays valid and unchanged until it is confirmed.</param>
    /// <param name="cancellationToken">A token that stops sending.</param>
    /// <returns>A task that completes when the next message can be sent.</returns>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);
}

/// <summary>The receiver of the confirmations and state changes of a writer. Its methods do not throw.</summary>
/// <remarks>The methods state from which threads the transport can call them.</remarks>
[Experimental(StreamTransport.DiagnosticId)]
public interface IStreamWriterObserver
{
    /// <summary>
    /// Notes that the broker has stored a message, as durably as it is configured. Call from one thread at a time, and never after the
    /// writer was disposed. The method returns at once, so you can hold a lock.
    /// </summary>
    /// <param name="number">The number of the message on its connection.</param>
    /// <param name="all">True if all messages before it are confirmed too.</param>
    void Confirmed(long number, bool all);

    /// <summary>
    /// Notes that <see cref="IStreamWriter.Blocked"/> has changed, or that the connection is lost. Call from any thread, without a
    /// lock: the logger of the application can run.
    /// </summary>
    void Changed();
}

/// <summary>A connection that reads messages.</summary>
/// <remarks>The handler of the messages runs on a thread of the transport, one call at a time.</remarks>
[Experimental(StreamTransport.DiagnosticId)]
public interface IStreamReader : IStreamConnection
{
    /// <summary>
    /// Appends a message to the end of the stream. The engine calls it at most once, before <see cref="ReadAsync"/>. No other
    /// message has these bytes.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">A token that stops waiting.</param>
    /// <returns>The offset of the message.</returns>
    Task<long> AppendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Starts to read, and continues with every message that is appended later. The engine calls it once.</summary>
    /// <param name="start">The first message to read.</param>
    /// <param name="handler">
    /// The receiver of the messages: one call at a time, in the order of the offsets. No call starts after the connection was
    /// disposed, and disposing waits for the call that runs. If the handler throws, the connection is lost with that reason.
    /// </param>
    /// <param name="cancellationToken">A token that stops the wait for the start.</param>
    /// <returns>A task that completes when reading has started. It does not wait for a message.</returns>
    Task ReadAsync(StreamStart start, StreamMessageHandler handler, CancellationToken cancellationToken);
}

/// <summary>Receives a message of the stream. The transport calls it from one thread at a time.</summary>
/// <param name="offset">The offset of the message, from 0 to 4,000,000,000,000,000. Offsets need not be dense.</param>
/// <param name="order">The relation of the message to the one that was read before.</param>
/// <param name="message">The message. It is valid during the call only.</param>
[Experimental(StreamTransport.DiagnosticId)]
public delegate void StreamMessageHandler(long offset, MessageOrder order, ReadOnlySpan<byte> message);

/// <summary>The relation of a message to the one that was read before it on the same connection.</summary>
[Experimental(StreamTransport.DiagnosticId)]
public enum MessageOrder
{
    /// <summary>No message was between them, or this is the first message that is read.</summary>
    Next,

    /// <summary>This is the first message that the stream ever had.</summary>
    First,

    /// <summary>The broker removed messages between them before they were read.</summary>
    AfterLoss,
}

/// <summary>The first message to read. The default is the oldest message.</summary>
/// <param name="Offset">
/// The offset to start at, also if the stream has no message there; null to start by age. Earlier messages can come too.
/// </param>
/// <param name="Age">
/// The age of the oldest message to read, by the broker's clock. Somewhat older ones can come too. Null for all messages. It
/// has no effect if there is an offset.
/// </param>
[Experimental(StreamTransport.DiagnosticId)]
public readonly record struct StreamStart(long? Offset, TimeSpan? Age);

/// <summary>Constants of the transport contract.</summary>
internal static class StreamTransport
{
    /// <summary>The diagnostic that the use of the transport contract causes.</summary>
    internal const string DiagnosticId = "SSE001";
}
