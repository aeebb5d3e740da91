using System.Globalization;
using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the response of a stream on the wire, from its headers to its end.</summary>
public sealed class ResponseTests
{
    public static TheoryData<string> Versions => new("1.1", "2.0");

    public static TheoryData<string, bool> VersionsWithAndWithoutTls => new()
    {
        { "1.1", false }, { "2.0", false }, { "1.1", true }, { "2.0", true },
    };

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("Statement", "16")]
    [Trait("Statement", "20")]
    public async Task Response_BeforeAnyEvent_HasOnlyTheHeadersOfAStream(string version)
    {
        await using var app = await TestApplication.StartAsync();

        using var client = await app.OpenAsync(version: Version.Parse(version));

        var headers = client.Response.Headers.NonValidated.Concat(client.Response.Content.Headers.NonValidated)
            .Where(header => header.Key is not ("Date" or "Server" or "Transfer-Encoding"))
            .ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString(), StringComparer.Ordinal);
        headers.Should().BeEquivalentTo(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["content-type"] = "text/event-stream",
            ["cache-control"] = "no-cache, no-store, no-transform",
            ["content-encoding"] = "identity",
            ["x-accel-buffering"] = "no",
        });
        client.Response.StatusCode.Should().Be(HttpStatusCode.OK);
        client.Response.Content.Headers.ContentLength.Should().BeNull();
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task Response_StatusTypeAndLengthOfMiddleware_AreOverwritten(string path)
    {
        await using var app = await TestApplication.StartAsync(map: app =>
        {
            app.Use((context, next) =>
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                context.Response.ContentType = "text/plain";
                context.Response.ContentLength = 1;
                context.Response.Headers.CacheControl = "public";
                return next(context);
            });
            app.UseRouting();
            app.MapServerSentEvents("/events");
            app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
            app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
        });

        using var client = await app.OpenAsync(path);

        client.Response.Headers.CacheControl!.NoStore.Should().BeTrue();
        client.Response.Headers.CacheControl.Public.Should().BeFalse();
        app.Publisher.Publish("longer than one byte").Should().Be(1);
        (await client.NextDataAsync()).Should().Be("longer than one byte");
    }

    [Theory]
    [InlineData("text/event-stream; charset=utf-8", "text/event-stream; charset=utf-8")]
    [InlineData("text/event-stream; charset=UTF-8", "text/event-stream; charset=UTF-8")]
    [InlineData("text/event-stream; charset=iso-8859-1", "text/event-stream")]
    [InlineData("text/plain; charset=utf-8", "text/event-stream")]
    [InlineData("nonsense", "text/event-stream")]
    public async Task Response_ContentTypeOfTheApplication_KeepsTheCharsetOfUtf8(string set, string sent)
    {
        await using var app = await TestApplication.StartAsync(map: app =>
            app.MapServerSentEvents("/events").AddEndpointFilter((context, next) =>
            {
                context.HttpContext.Response.ContentType = set;
                return next(context);
            }));

        using var client = await app.OpenAsync();

        client.Response.Content.Headers.NonValidated["Content-Type"].ToString().Should().Be(sent);
    }

    [Theory]
    [MemberData(nameof(VersionsWithAndWithoutTls))]
    public async Task Response_IdleStream_IsFlushedEventByEvent(string version, bool tls)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.OpenAsync(version: Version.Parse(version), tls: tls);

        for (var i = 0; i < 100; i++)
        {
            app.Publisher.Publish(i.ToString(CultureInfo.InvariantCulture));
            (await client.NextDataAsync()).Should().Be(i.ToString(CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [MemberData(nameof(VersionsWithAndWithoutTls))]
    public async Task Response_LargerThanFlowControlWindows_ArrivesCompleteAndInOrder(string version, bool tls)
    {
        await using var app = await TestApplication.StartAsync(builder =>
            builder.Services.AddServerSentEvents(options => options.QueueCapacityBytes = long.MaxValue));
        using var client = await app.OpenAsync(version: Version.Parse(version), tls: tls);
        var text = new string('x', 20_000);

        for (var i = 0; i < 500; i++)
            app.Publisher.Publish($"{i} {text}");
        app.Publisher.Close();

        for (var i = 0; i < 500; i++)
            (await client.NextDataAsync()).Should().Be($"{i} {text}");
        (await client.RestAsync()).Should().Be("\n");
    }

    [Theory]
    [MemberData(nameof(VersionsWithAndWithoutTls))]
    public async Task Response_PublisherCloses_EndsInOrder(string version, bool tls)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.OpenAsync(version: Version.Parse(version), tls: tls);

        app.Publisher.Publish("last");
        app.Publisher.Close();

        (await client.RestAsync()).Should().Be("data: last\n\n");
        app.Log.AboveDebug.Should().BeEmpty();
    }

    [Theory]
    [InlineData("1.1", "br")]
    [InlineData("1.1", "gzip")]
    [InlineData("2.0", "br, gzip")]
    [Trait("Statement", "20")]
    public async Task Response_WithResponseCompression_IsNeitherCompressedNorBuffered(string version, string accepted)
    {
        await using var app = await TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents(options => options.HeartbeatInterval = null);
                builder.Services.AddResponseCompression(compression =>
                {
                    compression.MimeTypes = ["text/event-stream"];
                    compression.EnableForHttps = true;
                });
                builder.Services.Configure<BrotliCompressionProviderOptions>(brotli => brotli.Level = CompressionLevel.Fastest);
            },
            app =>
            {
                app.UseResponseCompression();
                app.MapServerSentEvents("/events");
                app.MapGet("/compressed", (HttpResponse response) =>
                {
                    response.ContentType = "text/event-stream";
                    return response.WriteAsync("data: hello\n\n");
                });
            });
        var http = app.NewClient(Version.Parse(version));
        http.DefaultRequestHeaders.Add("Accept-Encoding", accepted);

        using var client = await LineClient.OpenAsync(http, "/events");
        app.Publisher.Publish("hello");

        (await client.NextDataAsync()).Should().Be("hello");
        client.Response.Content.Headers.ContentEncoding.Should().Equal("identity");
        using var compressed = await http.GetAsync("/compressed").WaitAsync(Limits.Patience);
        compressed.Content.Headers.ContentEncoding.Should().BeSubsetOf(["br", "gzip"]).And.HaveCount(1, "other responses are compressed");
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Versions))]
    public async Task Response_EventOf100Megabytes_ArrivesComplete(string version)
    {
        const int size = 100_000_000;
        await using var app = await TestApplication.StartAsync(builder => builder.Services.AddServerSentEvents(options =>
            (options.MaxEventBytes, options.QueueCapacityBytes) = (2 * size, long.MaxValue)));
        using var http = app.NewClient(Version.Parse(version));
        await using var stream = await http.GetStreamAsync(new Uri("/events", UriKind.Relative)).WaitAsync(Limits.Patience);

        app.Publisher.Publish(new string('x', size)).Should().Be(1);
        app.Publisher.Close();

        var buffer = new byte[1 << 20];
        var (received, read) = (0L, 0);
        while ((read = await stream.ReadAsync(buffer).AsTask().WaitAsync(Limits.Patience)) > 0)
            received += buffer.AsSpan(0, read).Count((byte)'x');
        received.Should().Be(size);
    }

    [Fact]
    [Trait("Statement", "20")]
    public async Task Response_BodyBuffers_DisablesBuffering()
    {
        using var publisher = new Publisher();
        publisher.Drain();
        var body = new UnbufferedBody(new MemoryStream());
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseBodyFeature>(body);
        context.RequestServices = new ServiceCollection().BuildServiceProvider();

        await publisher.Subscribe().ToResult().ExecuteAsync(context).WaitAsync(Limits.Patience);

        body.IsUnbuffered.Should().BeTrue();
    }
}
