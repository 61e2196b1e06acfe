// A real registry (docker-registry) on loopback for one test.
using System.Diagnostics;

namespace Bootc.Testing;

/// <summary>A docker-registry with storage of its own; skips the test where it is not installed.</summary>
public sealed class RealRegistry : IDisposable
{
    private Process? _process;

    /// <param name="directory">Where its storage and configuration go.</param>
    /// <param name="htpasswd">A line of an htpasswd file (bcrypt); only that user is let in then.</param>
    /// <param name="tls">A directory with <c>server.cert</c>, <c>server.key</c>, and the authority <c>ca.crt</c> of clients: it speaks TLS then, to those alone.</param>
    /// <param name="tokens">The server that gives out tokens; only who has one is let in then.</param>
    public RealRegistry(TestDirectory directory, string? htpasswd = null, string? tls = null, TokenServer? tokens = null)
    {
        Peer.Require("docker-registry");
        Address = $"127.0.0.1:{Loopback.FreePort()}";
        string auth = "";
        if (htpasswd is not null)
        {
            auth = $"auth: {{htpasswd: {{realm: test, path: {directory.Write("htpasswd", htpasswd + "\n")}}}}}\n";
        }

        if (tokens is not null)
        {
            auth = $"auth: {{token: {{realm: \"{tokens.Realm}\", service: {TokenServer.Service}, issuer: {TokenServer.Issuer}, rootcertbundle: {directory.Write("tokens.pem", tokens.Certificate)}}}}}\n";
        }

        string config = directory.Write("registry.yml", $"""
            version: 0.1
            log: {"{level: error, accesslog: {disabled: true}}"}
            storage: {"{filesystem: {rootdirectory: "}{directory["storage"]}{"}}"}
            http: {"{addr: "}{Address}{(tls is null ? "" : $", tls: {{certificate: {tls}/server.cert, key: {tls}/server.key, clientcas: [{tls}/ca.crt]}}")}{"}"}
            {auth}
            """);
        _process = Process.Start(new ProcessStartInfo("docker-registry", ["serve", config]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        Loopback.WaitUntilListening(int.Parse(Address.Split(':')[1]), _process, "docker-registry");
    }

    /// <summary>Host and port.</summary>
    public string Address { get; }

    public void Dispose()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null; // a test may have ended it before
    }
}
