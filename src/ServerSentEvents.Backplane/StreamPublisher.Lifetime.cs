using ServerSentEvents.Backplane.Internal.Diagnostics;

namespace ServerSentEvents.Backplane;

/// <content>The start and the disposal.</content>
public abstract partial class StreamPublisher
{
    /// <summary>Disconnects, within about a second, and fails events that are not confirmed.</summary>
    /// <returns>A task that completes when nothing is delivered anymore.</returns>
    /// <remarks>
    /// <para>The time is the same on a stalled network. Events that are not confirmed fail with an
    /// <see cref="ObjectDisposedException"/>, and may have been published.</para>
    /// <para>The method waits for functions and handlers of the application that are running. Do not await it inside one of them. A
    /// second call has no effect, and returns at once.</para>
    /// </remarks>
    public virtual async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        GC.SuppressFinalize(this);
        await _stopping.CancelAsync().ConfigureAwait(false);
        Outbox.Dispose();
        if (_running is not null)
            await _running.ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>Connects, and returns when the publisher is ready. If it fails, the publisher is disposed.</summary>
    /// <param name="cancellationToken">A token that stops connecting.</param>
    /// <returns>A task that completes when the publisher is ready.</returns>
    /// <exception cref="InvalidOperationException">
    /// The broker refuses, or cannot be reached within <see cref="StreamPublisherOptions.PublishTimeout"/>. The message says why.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    protected async Task ConnectAsync(CancellationToken cancellationToken)
    {
        Start();
        try
        {
            var first = await Task.WhenAny([WaitUntilReadyAsync(), _running!, .. Refused])
                .WaitAsync(Settings.PublishTimeout, Settings.TimeProvider, cancellationToken).ConfigureAwait(false);
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            if (first is not Task<StreamRefusedException> refusal)
                return;
            var reason = await refusal.ConfigureAwait(false);
            throw new InvalidOperationException($"The broker refuses the stream {Transport.Stream}: {reason.Message}", reason);
        }
        catch (Exception exception)
        {
            var obstacle = Obstacle;
            await DisposeAsync().ConfigureAwait(false);
            if (exception is not TimeoutException)
                throw;
            throw new InvalidOperationException(
                $"The stream {Transport.Stream} is not ready after the PublishTimeout of {Settings.PublishTimeout}: {obstacle}.", exception);
        }
    }

    /// <summary>Starts to connect in the background. A second call has no effect.</summary>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    protected void Start()
    {
        // Check and start under one lock, so that a disposal waits for the loops.
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            // The caller's ExecutionContext may belong to a request, and would live as long as the loops.
            using (ExecutionContext.IsFlowSuppressed() ? null : (IDisposable?)ExecutionContext.SuppressFlow())
                _running ??= Task.Run(() => RunAsync(_stopping.Token));
        }
    }

    /// <summary>Starts with the application: waits for the broker until the timeout or the disposal, and then returns without it.</summary>
    internal async Task StartWithinTimeoutAsync(CancellationToken cancellationToken)
    {
        Start();
        try
        {
            await Task.WhenAny(WaitUntilReadyAsync(), _running!)
                .WaitAsync(Settings.PublishTimeout, Settings.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Log.StartsWithout(Settings.Logger, Transport.Stream, Settings.PublishTimeout, Obstacle ?? "not ready");
        }
    }
}
