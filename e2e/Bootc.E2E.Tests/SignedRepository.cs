// A repository of Debian packages with a key of its own, served on loopback, where guests reach it as the host.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>A flat repository whose lists are signed.</summary>
internal sealed class SignedRepository : IDisposable
{
    private readonly TestDirectory _directory = new("e2e-packages");
    private readonly Process _server;

    public SignedRepository()
    {
        Directory.CreateDirectory(Path);
        Directory.CreateDirectory(_directory["gpg"]);
        _directory.Handle.SetMode("gpg", 0x1C0);
        Gpg("--passphrase", "", "--quick-generate-key", "e2e@example.com", "ed25519", "sign", "never");
        Gpg("--output", Key, "--export", "e2e@example.com");
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        _server = Process.Start(new ProcessStartInfo("python3", ["-m", "http.server", "--bind", "127.0.0.1", "--directory", Path, Port.ToString()]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _server.BeginErrorReadLine();
        _server.BeginOutputReadLine();
    }

    /// <summary>The port of the server.</summary>
    public int Port { get; }

    /// <summary>The file of the public key.</summary>
    public string Key => _directory["e2e.gpg"];

    private string Path => _directory["repository"];

    /// <summary>Makes a package with one program of its name.</summary>
    public void Add(string name, string version, string script)
    {
        _directory.Write($"build/DEBIAN/control", $"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Test <test@example.com>\nDescription: {name} for a test\n");
        _directory.Write($"build/usr/bin/{name}", script);
        _directory.Handle.SetMode($"build/usr/bin/{name}", 0x1ED);
        Peer.Run("dpkg-deb", "--root-owner-group", "-Zgzip", "--build", _directory["build"], System.IO.Path.Combine(Path, $"{name}.deb")).Succeeded();
        Directory.Delete(_directory["build"], recursive: true);
    }

    /// <summary>Writes and signs the lists.</summary>
    public void Publish()
    {
        var list = new StringBuilder();
        foreach (string file in Directory.EnumerateFiles(Path, "*.deb"))
        {
            byte[] content = File.ReadAllBytes(file);
            list.Append(Peer.Run("dpkg-deb", "-f", file).Succeeded());
            list.Append($"Filename: ./{System.IO.Path.GetFileName(file)}\nSize: {content.Length}\nSHA256: {Convert.ToHexStringLower(SHA256.HashData(content))}\n\n");
        }

        byte[] packages = Encoding.UTF8.GetBytes(list.ToString());
        File.WriteAllBytes(System.IO.Path.Combine(Path, "Packages"), packages);
        string release = _directory.Write("Release", $"Suite: stable\nCodename: e2e\nDate: {DateTime.UtcNow:ddd, dd MMM yyyy HH:mm:ss} UTC\nArchitectures: amd64\nSHA256:\n {Convert.ToHexStringLower(SHA256.HashData(packages))} {packages.Length} Packages\n");
        Gpg("--clearsign", "--output", System.IO.Path.Combine(Path, "InRelease"), release);
    }

    public void Dispose()
    {
        _server.Kill(entireProcessTree: true);
        _server.Dispose();
        Peer.Run("gpgconf", "--homedir", _directory["gpg"], "--kill", "all");
        _directory.Dispose();
    }

    private void Gpg(params string[] arguments) => Peer.Run("gpg", ["--homedir", _directory["gpg"], "--batch", "--quiet", .. arguments]).Succeeded();
}
