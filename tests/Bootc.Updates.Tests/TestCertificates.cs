// Certificates for tests of TLS, made by openssl.
using Bootc.Testing;

namespace Bootc.Updates.Tests;

/// <summary>Writes an authority (<c>ca</c>), what it signed (<c>server</c>, <c>host-a</c>), and a certificate that it did not (<c>stranger</c>).</summary>
internal static class TestCertificates
{
    public static void Write(TestDirectory directory)
    {
        OpenSsl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Test authority", "-keyout", directory["ca.key"], "-out", directory["ca.pem"]);
        OpenSsl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=host-a", "-keyout", directory["stranger.key"], "-out", directory["stranger.pem"]);
        Sign(directory, "server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
        Sign(directory, "host-a", "extendedKeyUsage=clientAuth\n");
    }

    private static void Sign(TestDirectory directory, string name, string extensions)
    {
        OpenSsl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", $"/CN={name}", "-keyout", directory[$"{name}.key"], "-out", directory[$"{name}.csr"]);
        string file = directory.Write($"{name}.ext", extensions);
        OpenSsl("x509", "-req", "-in", directory[$"{name}.csr"], "-CA", directory["ca.pem"], "-CAkey", directory["ca.key"], "-CAcreateserial", "-days", "2", "-extfile", file, "-out", directory[$"{name}.pem"]);
    }

    private static void OpenSsl(params string[] arguments) => Peer.Run("openssl", arguments).Succeeded();
}
