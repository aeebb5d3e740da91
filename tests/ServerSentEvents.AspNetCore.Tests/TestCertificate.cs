using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>The self-signed certificate of test applications. It exists only in memory.</summary>
internal static class TestCertificate
{
    internal static readonly X509Certificate2 Instance = Make();

    /// <summary>Returns true for this certificate, which no authority has signed.</summary>
    internal static bool IsThis(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        Instance.Equals(certificate);

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        // Without a name, Kestrel logs that browsers may not accept the certificate.
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
