// A repository of Debian packages that a test makes: packages by dpkg-deb, lists signed by a key of its own.
using System.Security.Cryptography;
using System.Text;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

/// <summary>A flat repository in a directory, with the key that its lists are signed by.</summary>
internal sealed class PackageRepository : ITestRepository, IDisposable
{
    private readonly TestDirectory _directory = new("packages");
    private readonly List<string> _packages = [];

    private readonly string _folder;

    /// <param name="folder">Where below <see cref="Root"/> it is.</param>
    public PackageRepository(string folder = "")
    {
        _folder = folder;
        Peer.Require("dpkg-deb", "gpg");
        Directory.CreateDirectory(Path);
        Key = MakeKey("test");
    }

    /// <summary>The directory above all.</summary>
    public string Root => _directory["repository"];

    /// <summary>The repository's directory.</summary>
    public string Path => System.IO.Path.Combine(Root, _folder);

    /// <summary>The file of the public key, as apt takes it.</summary>
    public string Key { get; }

    /// <summary>Makes a package.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="version">Its version.</param>
    /// <param name="files">Files by path; those below <c>etc</c> are configuration.</param>
    /// <param name="fields">Further lines of its control file.</param>
    /// <param name="postinst">The script that is run after it is unpacked.</param>
    /// <returns>The path of its file, which no list has yet.</returns>
    public string Make(string name, string version, Dictionary<string, string>? files = null, string fields = "", string? postinst = null)
    {
        string tree = $"build-{name}-{version}";
        _directory.Write($"{tree}/DEBIAN/control", $"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Test <test@example.com>\nDescription: {name} for a test\n{fields}");
        foreach ((string path, string content) in files ?? [])
        {
            _directory.Write($"{tree}/{path}", content);
            if (content.StartsWith("#!", StringComparison.Ordinal))
            {
                _directory.Handle.SetMode($"{tree}/{path}", 0x1ED);
            }
        }

        string[] configuration = [.. (files ?? []).Keys.Where(path => path.StartsWith("etc/", StringComparison.Ordinal)).Select(path => "/" + path)];
        if (configuration.Length > 0)
        {
            _directory.Write($"{tree}/DEBIAN/conffiles", string.Join('\n', configuration) + "\n");
        }

        if (postinst is not null)
        {
            _directory.Write($"{tree}/DEBIAN/postinst", "#!/bin/sh\nset -e\n" + postinst);
            _directory.Handle.SetMode($"{tree}/DEBIAN/postinst", 0x1ED);
        }

        string made = _directory[$"{name}_{version}_amd64.deb"];
        Peer.Run("dpkg-deb", "--root-owner-group", "-Zgzip", "--build", _directory[tree], made).Succeeded();
        return made;
    }

    /// <summary>Makes a package and puts it into the repository; <see cref="Publish"/> lists it.</summary>
    public PackageRepository Add(string name, string version, Dictionary<string, string>? files = null, string fields = "", string? postinst = null)
    {
        string made = Make(name, version, files, fields, postinst);
        File.Move(made, System.IO.Path.Combine(Path, System.IO.Path.GetFileName(made)), overwrite: true);
        _packages.Add($"{name}_{version}_amd64.deb");
        return this;
    }

    /// <summary>Takes a package out of the repository; <see cref="Publish"/> lists it no more.</summary>
    public PackageRepository Remove(string name, string version)
    {
        _packages.RemoveAll(package => package == $"{name}_{version}_amd64.deb");
        return this;
    }

    /// <inheritdoc/>
    public void Bring(string name, string version, Dictionary<string, string>? files = null) => Add(name, version, files).Publish();

    /// <inheritdoc/>
    public void Take(string name, string version) => Remove(name, version).Publish();

    /// <summary>Writes and signs the lists.</summary>
    public void Publish(string signer = "test")
    {
        var list = new StringBuilder();
        foreach (string package in _packages.Distinct())
        {
            string file = System.IO.Path.Combine(Path, package);
            list.Append(Peer.Run("dpkg-deb", "-f", file).Succeeded());
            list.Append($"Filename: ./{package}\nSize: {new FileInfo(file).Length}\nSHA256: {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}\n\n");
        }

        byte[] packages = Encoding.UTF8.GetBytes(list.ToString());
        File.WriteAllBytes(System.IO.Path.Combine(Path, "Packages"), packages);
        string release = _directory.Write("Release", $"Origin: Test\nLabel: Test\nSuite: stable\nCodename: test\nDate: {DateTime.UtcNow:ddd, dd MMM yyyy HH:mm:ss} UTC\nArchitectures: amd64\nSHA256:\n {Convert.ToHexStringLower(SHA256.HashData(packages))} {packages.Length} Packages\n");
        string signed = System.IO.Path.Combine(Path, "InRelease");
        File.Delete(signed);
        Gpg("--local-user", $"{signer}@example.com", "--clearsign", "--output", signed, release);
    }

    /// <summary>Makes another key.</summary>
    /// <returns>The file of the public key.</returns>
    public string MakeKey(string name)
    {
        Directory.CreateDirectory(_directory["gpg"]);
        _directory.Handle.SetMode("gpg", 0x1C0);
        Gpg("--passphrase", "", "--quick-generate-key", $"{name}@example.com", "ed25519", "sign", "never");
        string file = _directory[$"{name}.gpg"];
        Gpg("--output", file, "--export", $"{name}@example.com");
        return file;
    }

    /// <summary>Tells apt on a host of the repository and of its key, as an administrator would.</summary>
    /// <param name="etc">The host's <c>/etc</c>.</param>
    public void AddTo(string etc)
    {
        File.Delete($"{etc}/apt/sources.list");
        foreach (string file in Directory.EnumerateFiles($"{etc}/apt/sources.list.d"))
        {
            File.Delete(file);
        }

        Directory.CreateDirectory($"{etc}/apt/keyrings");
        File.WriteAllBytes($"{etc}/apt/keyrings/test.gpg", File.ReadAllBytes(Key));
        File.WriteAllText($"{etc}/apt/sources.list.d/test.sources", $"Types: deb\nURIs: file:{Path}\nSuites: ./\nSigned-By: /etc/apt/keyrings/test.gpg\n");
    }

    public void Dispose()
    {
        Peer.Run("gpgconf", "--homedir", _directory["gpg"], "--kill", "all");
        _directory.Dispose();
    }

    private void Gpg(params string[] arguments) => Peer.Run("gpg", ["--homedir", _directory["gpg"], "--batch", "--quiet", .. arguments]).Succeeded();
}
