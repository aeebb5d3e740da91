using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>
/// Tests an HTTP/2 connection with several requests, whose client does not take one stream. The clock stands still, and the
/// connection records whether it was aborted.
/// </summary>
public sealed class SharedConnectionTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan GraceForOthers = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeConnection _connection = new();

    [Fact]
    public async Task Stop_ClientDoesNotReadTheStream_AbortsTheConnectionAfterFiveSeconds()
    {
        await using var app = await StartAsync();
        var response = Respond(app);
        app.Publisher.Publish("not taken");

        app.Lifetime.StopApplication();
        _time.Advance(Grace);
        await response.WaitAsync(Limits.Patience);
        _time.AdvanceInTurn(Grace, GraceForOthers - Moment);
        var before = _connection.IsAborted;
        _time.Advance(Moment);

        before.Should().BeFalse();
        _connection.IsAborted.Should().BeTrue("the host waits for a connection that may be stuck");
    }

    [Fact]
    public async Task Stop_ConnectionHasClosed_IsLeftAlone()
    {
        await using var app = await StartAsync();
        var response = Respond(app);
        app.Publisher.Publish("not taken");

        app.Lifetime.StopApplication();
        _time.Advance(Grace);
        await response.WaitAsync(Limits.Patience);
        _connection.Close();
        _time.AdvanceInTurn(Grace, 2 * GraceForOthers);

        _connection.IsAborted.Should().BeFalse();
    }

    [Fact]
    public async Task Stop_StreamDoesNotEndByItsReset_AbortsTheConnection()
    {
        await using var app = await StartAsync();
        _connection.TakesResets = false;
        var response = Respond(app);
        app.Publisher.Publish("not taken");

        app.Lifetime.StopApplication();
        _time.AdvanceInTurn(Grace, Grace - Moment);
        var before = _connection.IsAborted;
        _time.Advance(Moment);

        before.Should().BeFalse();
        _connection.IsAborted.Should().BeTrue();
        _connection.TakeReset();
        await response.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Stop_ClientReadsTheStream_KeepsTheConnection()
    {
        await using var app = await StartAsync();
        var response = Respond(app, Stream.Null);

        app.Lifetime.StopApplication();
        await response.WaitAsync(Limits.Patience);
        _time.AdvanceInTurn(Grace, Grace, 2 * GraceForOthers);

        _connection.IsAborted.Should().BeFalse();
    }

    [Fact]
    public async Task EndedStream_ClientDoesNotReadIt_KeepsTheConnection()
    {
        await using var app = await StartAsync();
        var response = Respond(app);
        app.Publisher.Publish("not taken");
        app.Publisher.Close();

        _time.AdvanceInTurn(Look, Look, Grace);
        await response.WaitAsync(Limits.Patience);
        _time.AdvanceInTurn(Grace, Look, Look);

        _connection.IsAborted.Should().BeFalse("the connection can serve other requests");
    }

    private Task<TestApplication> StartAsync() => TestApplication.StartAsync(builder =>
        builder.Services.AddSingleton<TimeProvider>(_time).AddServerSentEvents(options => options.HeartbeatInterval = null));

    /// <summary>Starts a response whose client takes the headers, and by default nothing else.</summary>
    private Task Respond(TestApplication app, Stream? body = null)
    {
        var context = new DefaultHttpContext { RequestServices = app.Services };
        context.Request.Protocol = HttpProtocol.Http2;
        context.Features.Set<IConnectionLifetimeFeature>(_connection);
        context.Features.Set<IHttpRequestLifetimeFeature>(_connection);
        context.Response.Body = body ?? new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1)).Writer.AsStream();
        return app.Publisher.Subscribe().ToResult().ExecuteAsync(context);
    }

    private sealed class FakeConnection : IConnectionLifetimeFeature, IHttpRequestLifetimeFeature
    {
        private readonly CancellationTokenSource _closed = new();
        private readonly CancellationTokenSource _requestAborted = new();

        public FakeConnection()
        {
            ConnectionClosed = _closed.Token;
            RequestAborted = _requestAborted.Token;
        }

        public CancellationToken ConnectionClosed { get; set; }

        public CancellationToken RequestAborted { get; set; }

        internal bool TakesResets { get; set; } = true;

        internal bool IsAborted { get; private set; }

        internal void Close() => _closed.Cancel();

        internal void TakeReset() => _requestAborted.Cancel();

        void IConnectionLifetimeFeature.Abort() => IsAborted = true;

        void IHttpRequestLifetimeFeature.Abort()
        {
            if (TakesResets)
                TakeReset();
        }
    }
}
