// A host with the project's own Debian image, out of a real registry, and a repository of packages that it trusts.
using System.Net.Sockets;
using Bootc.Deployments;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

/// <summary>
/// Made once for all tests of a class, since the image is large; each begins with <see cref="Start"/>. Needs the registry that
/// <c>make registry</c> starts (REGISTRY names another); <c>make test</c> has it running.
/// </summary>
public sealed class DebianHost : IDisposable
{
    private static readonly string Registry = Environment.GetEnvironmentVariable("REGISTRY") is { Length: > 0 } set ? set : "127.0.0.1:5080";

    private TestDirectory? _directory;
    private PackageRepository? _packages;

    /// <summary>The sysroot.</summary>
    public string Path => _directory!["sysroot"];

    /// <summary>The repository.</summary>
    internal PackageRepository Packages => _packages!;

    /// <summary>What operations told since the test began.</summary>
    internal RecordedProgress Progress { get; private set; } = new();

    /// <summary>The deployments in boot order.</summary>
    public IReadOnlyList<Deployment> Deployments
    {
        get
        {
            using Sysroot sysroot = Sysroot.Open(Path);
            return sysroot.Deployments;
        }
    }

    /// <summary>The deployment that boots next.</summary>
    public Deployment Default => Deployments[0];

    /// <summary>All that a failed operation must leave as it is: deployments, origins and refs, but for those of layers that were fetched.</summary>
    public string State
    {
        get
        {
            using Sysroot sysroot = Sysroot.Open(Path);
            IEnumerable<string> refs = sysroot.Repository.ListRefs().Where(entry => !entry.Key.StartsWith("ostree/container/blob/", StringComparison.Ordinal)).Select(entry => $"{entry.Key} {entry.Value}").Order(StringComparer.Ordinal);
            return string.Join('\n', sysroot.Deployments.Select(deployment => $"{deployment}\n{deployment.Origin.File}").Concat(refs));
        }
    }

    /// <summary>Skips the test where it cannot run, makes the host if need be, and has it follow v1 of the example alone.</summary>
    public void Start()
    {
        Require();
        if (_directory is null)
        {
            _directory = new TestDirectory("layering");
            Directory.CreateDirectory(Path);
            Sysroot.Initialize(Path, "default");
            _packages = new PackageRepository();
            _packages.Add("hello-layer", "1.0", new() { ["usr/bin/hello-layer"] = "#!/bin/sh\necho hello\n", ["etc/hello-layer.conf"] = "greeting = hello\n" }, "Depends: hello-data (>= 1.0)\n");
            _packages.Add("hello-data", "1.0", new() { ["usr/share/hello-data/data"] = "data\n" });
            _packages.Publish();
            Switch("v1");
            _packages.AddTo(this[$"{Default.Path}/etc"]);
        }

        Run((operation, cancellation) => operation.DisableInitramfs(cancellation));
        Run((operation, cancellation) => operation.ChangeInitramfsFiles([], [], untrackAll: true, cancellation));
        Run((operation, cancellation) => operation.Reset(cancellation));
        Switch("v1");
        Progress = new RecordedProgress();
    }

    /// <summary>The path of a name in the sysroot.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The path of a name beside the sysroot.</summary>
    public string Beside(string name) => _directory![name];

    /// <summary>The path of a name in the deployment that boots next.</summary>
    public string InDefault(string name) => this[$"{Default.Path}/{name}"];

    /// <summary>Follows another version of the example image.</summary>
    public OperationOutcome Switch(string tag) => SwitchTo($"docker://{ImageOf(tag)}");

    /// <summary>The name of a version of the example image.</summary>
    public string ImageOf(string tag) => $"{Registry}/bootc/example:{tag}";

    /// <summary>Follows another image.</summary>
    public OperationOutcome SwitchTo(string reference)
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        var target = OstreeImageReference.Unverified(ImageReference.Parse(reference));
        return new SwitchOperation(sysroot, Settings, Progress) { Target = target, Deriver = new PackageLayering() }
            .RunAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>Follows the image that it follows, and packages, to what is newest.</summary>
    public OperationOutcome Upgrade()
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        return new UpgradeOperation(sysroot, Settings, Progress) { Deriver = new PackageLayering() }.RunAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>Runs the executable on the sysroot.</summary>
    public CommandResult Bootc(params string[] arguments) => Peer.Run(Executable, [.. arguments, "--sysroot", Path]);

    /// <summary>The running host, once it has booted what boots next.</summary>
    public BootedSysroot Boot()
    {
        using DirectoryHandle root = DirectoryHandle.Open(Path);
        FileStatus status = root.GetStatus(Default.Path);
        ulong device = ((status.Device >> 32) << 8) | (status.Device & 0xff) | ((status.Device & 0xfff00) << 12);
        var marker = new VariantDictionary { { "backing-root-device-inode", GVariantValue.Tuple(GVariantValue.FromUInt64(device), GVariantValue.FromUInt64(status.Inode)) } };
        string run = _directory![$"run-{Guid.NewGuid()}"];
        Directory.CreateDirectory(run);
        var booted = new BootedSysroot(Path, run);
        booted.Boot(marker.Serialize());
        return booted;
    }

    /// <summary>Boots the deployment before.</summary>
    public void Rollback()
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        new RollbackOperation(sysroot, Progress).Run(TestContext.Current.CancellationToken);
    }

    internal OperationOutcome Install(params string[] packages) => Run((operation, cancellation) => operation.Install(packages, cancellation));

    internal OperationOutcome Run(Func<PackageOperation, CancellationToken, OperationOutcome> run, bool allowInactive = false, bool cacheOnly = false)
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        var operation = new PackageOperation(sysroot, Settings, Progress) { AllowInactive = allowInactive, CacheOnly = cacheOnly };
        return run(operation, TestContext.Current.CancellationToken);
    }

    /// <summary>Runs a program of the deployment that boots next, in it, with a <c>/var</c> as its rules make one.</summary>
    public CommandResult Chroot(string command)
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

    /// <summary>Fails unless libostree finds everything sound.</summary>
    public void AssertSound()
    {
        Oracle.Run("ostree", "fsck", "--repo", this["ostree/repo"]).Succeeded();
        using Sysroot sysroot = Sysroot.Open(Path);
        Assert.Empty(SysrootCheck.Run(sysroot, TestContext.Current.CancellationToken).Findings);
    }

    /// <summary>The commit that boots next.</summary>
    public Checksum Commit => Default.Commit;

    public void Dispose()
    {
        _packages?.Dispose();
        _directory?.Dispose();
    }

    /// <summary>The executable, as this test was built: bin/Debug/net10.0.</summary>
    public static string Executable { get; } = System.IO.Path.Combine(
        TestData.RepositoryRoot,
        "src/Bootc.Cli/bin",
        System.IO.Path.GetRelativePath(System.IO.Path.Combine(TestData.RepositoryRoot, "tests/Bootc.Layering.Tests/bin"), AppContext.BaseDirectory),
        "bootc");

    private OciOptions Settings => new() { Root = _directory!["settings"] };

    private static void Require()
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
