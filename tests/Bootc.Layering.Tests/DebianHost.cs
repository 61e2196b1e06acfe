// A host with the project's own Debian image, out of a real registry, and a repository of packages that it trusts.
using System.Net.Sockets;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

/// <summary>
/// The image is large, and used by all tests of a class. Needs the registry that <c>make registry</c> starts (REGISTRY names
/// another); <c>make test</c> has it running.
/// </summary>
public sealed class DebianHost : LayeredHost
{
    private static readonly string Registry = Environment.GetEnvironmentVariable("REGISTRY") is { Length: > 0 } set ? set : "127.0.0.1:5080";

    private PackageRepository? _packages;

    /// <inheritdoc/>
    public override string VerifyCommand => "dpkg --verify";

    /// <inheritdoc/>
    public override string ImagePackage => "nano";

    /// <inheritdoc/>
    public override string FirstVersion => "1.0";

    /// <inheritdoc/>
    public override string SourcesFile => "apt/sources.list.d/test.sources";

    /// <inheritdoc/>
    public override string ListsFile => "InRelease";

    /// <inheritdoc/>
    public override (string Path, string Text) FurtherSettings => ("apt/preferences.d/test", "Package: hello-data\nPin: release o=Test\nPin-Priority: 900\n");

    /// <summary>The repository.</summary>
    internal PackageRepository Packages => _packages!;

    /// <inheritdoc/>
    internal override ITestRepository Repository => Packages;

    /// <summary>The name of a version of the example image.</summary>
    public static string ImageOf(string tag) => $"{Registry}/bootc/example:{tag}";

    /// <summary>Runs a program of the deployment that boots next, in it, with a <c>/var</c> as its rules make one.</summary>
    public override CommandResult Chroot(string command)
    {
        const string enter = """
            set -e
            mount -t tmpfs tmpfs "$0/var"
            mount -t tmpfs tmpfs "$0/tmp"
            for name in dev proc; do mount --rbind /$name "$0/$name"; done
            mkdir -p "$0/var/lib" "$0/var/tmp"
            ln -s ../../usr/lib/sysimage/dpkg "$0/var/lib/dpkg"
            exec chroot "$0" sh -c "$1"
            """;
        return Peer.Run("unshare", "-m", "--propagation", "private", "sh", "-c", enter, this[Default.Path], command);
    }

    /// <inheritdoc/>
    public override void AssertSecondVersion() => Assert.Equal("version 2\n", File.ReadAllText(InDefault("usr/share/example/version")));

    /// <inheritdoc/>
    public override void Dispose()
    {
        _packages?.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override string ReferenceOf(string tag) => $"docker://{ImageOf(tag)}";

    /// <inheritdoc/>
    protected override void AddRepository(string etc) => Packages.AddTo(etc);

    /// <inheritdoc/>
    protected override void Make()
    {
        _packages = new PackageRepository();
        _packages.Add("hello-layer", "1.0", new() { ["usr/bin/hello-layer"] = "#!/bin/sh\necho hello\n", ["etc/hello-layer.conf"] = "greeting = hello\n" }, "Depends: hello-data (>= 1.0)\n");
        _packages.Add("hello-data", "1.0", new() { ["usr/share/hello-data/data"] = "data\n" });
        _packages.Publish();
    }

    /// <inheritdoc/>
    protected override void Require()
    {
        Oracle.Require();
        Peer.Require("bwrap", "dpkg-deb", "gpg");
        try
        {
            using var client = new TcpClient();
            client.Connect(Registry.Split(':')[0], int.Parse(Registry.Split(':')[1]));
        }
        catch (SocketException)
        {
            Assert.Skip($"no registry with the project's images is at {Registry}: 'make registry' starts it");
        }
    }
}
