using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ServerSentEvents.Redis.Tests.Servers;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests a real server with TLS, as the connection string asks for it.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private const string Key = "events";

    private readonly string _folder = Directory.CreateTempSubdirectory("sse-redis-tls-").FullName;
    private readonly X509Certificate2 _certificate;
    private RedisServer? _server;

    public TlsTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _certificate = MakeCertificate(key);
        File.WriteAllText(CertificateFile, _certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    private string CertificateFile => Path.Combine(_folder, "server.crt");

    private string KeyFile => Path.Combine(_folder, "server.key");

    public async Task InitializeAsync()
    {
        if (RedisPrograms.Server is null)
            return;
        _server = await RedisServer.StartAsync(
        [
            .. RedisServer.InMemory, "--tls-auth-clients", "no",
            "--tls-cert-file", CertificateFile, "--tls-key-file", KeyFile, "--tls-ca-cert-file", CertificateFile,
        ]);
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [SkippableFact]
    public async Task ConnectAsync_TrustedCertificate_PublishesAndReads()
    {
        var configuration = Configuration();
        configuration.TrustIssuer(CertificateFile);
        await using var node = await TestNode.StartAsync(_server!.Open(new RedisBackplaneOptions<string>
        {
            StreamKey = Key,
            Configuration = configuration,
        }));
        await using var client = node.Connect();

        await node.PublishAsync("hello");

        (await client.NextAsync()).Data.Should().Be("hello");
    }

    [SkippableFact]
    public async Task ConnectAsync_UnknownCertificate_NamesTheCertificate()
    {
        using var publisher = new Publisher<string>();
        using var log = new TestLog();
        var time = new FakeTimeProvider();
        var options = new RedisBackplaneOptions<string>
        {
            Configuration = Configuration(),
            StreamKey = Key,
            TimeProvider = time,
            LoggerFactory = log,
        };

        var connecting = RedisBackplane<string>.ConnectAsync(publisher, options);
        await Limits.UntilAsync(
            () => log.Warnings.Count(line => line.Contains("certificate", StringComparison.Ordinal)) == 2, "both directions have tried");
        time.Advance(options.PublishTimeout);

        await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*certificate*");
    }

    private ConfigurationOptions Configuration()
    {
        RedisPrograms.Require();
        return RedisServer.PatientConfiguration($"127.0.0.1:{_server!.TlsPort},ssl=true,sslHost=localhost");
    }

    private static X509Certificate2 MakeCertificate(ECDsa key)
    {
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
