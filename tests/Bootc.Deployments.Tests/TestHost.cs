// A sysroot in a temporary directory and the commands that a test runs on it.
using System.Text.RegularExpressions;
using Bootc.Oci;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

/// <summary>A host for one test: the sysroot at <see cref="Path"/>, images in a layout beside it.</summary>
internal sealed partial class TestHost : IDisposable
{
    private readonly TestDirectory _directory;

    public TestHost(string? stateroot = "default")
    {
        Peer.RequireRoot("deployments are owned by root and made immutable");
        _directory = new TestDirectory("host");
        Directory.CreateDirectory(Path);
        if (stateroot is not null)
        {
            Sysroot.Initialize(Path, stateroot);
        }
    }

    /// <summary>A host with a copy of another one's sysroot.</summary>
    public static TestHost CopyOf(TestHost other) => new TestHost(stateroot: null).With(other);

    /// <summary>The same, with a folder that is a file system of its own with so little room.</summary>
    public static TestHost CopyOnSmallDisk(TestHost other, int megabytes, string folder) => new TestHost(stateroot: null).MountSmallDisk(megabytes, folder).With(other);

    /// <summary>A host whose sysroot, or a folder of it, is a file system of its own with so little room.</summary>
    public static TestHost OnSmallDisk(int megabytes, string folder = "", string type = "ext4")
    {
        TestHost host = new TestHost(stateroot: null).MountSmallDisk(megabytes, folder, type);
        Sysroot.Initialize(host.Path, "default");
        return host;
    }

    /// <summary>Mounts a file system with so little room on a folder.</summary>
    public TestHost MountSmallDisk(int megabytes, string folder, string type = "ext4")
    {
        Peer.Require($"mkfs.{type}", "mount");
        string mountPoint = Directory.CreateDirectory(this[folder]).FullName;
        using (FileStream file = File.Create(Disk))
        {
            file.SetLength(megabytes * 1024L * 1024);
        }

        string[] options = type == "ext4" ? ["-q", "-m", "0", Disk] : ["-q", Disk];
        Peer.Run($"mkfs.{type}", options).Succeeded();
        CommandResult mount = Peer.Run("mount", "-o", "loop", Disk, mountPoint);
        if (mount.ExitCode != 0)
        {
            Dispose();
            Assert.Skip($"no loop device can be mounted: {mount.Error}");
        }

        return this;
    }

    /// <summary>What is on the disk that was made for it.</summary>
    public string Disk => _directory["disk"];

    /// <summary>The sysroot.</summary>
    public string Path => _directory["sysroot"];

    /// <summary>The layout that images are written to.</summary>
    public string Images => _directory["images"];

    public RecordedProgress Progress { get; } = new();

    /// <summary>Settings of this host alone, none of the machine's, and little patience.</summary>
    public OciOptions Settings => new() { Root = _directory["settings"], FirstDelay = TimeSpan.FromMilliseconds(1), StallTimeout = TimeSpan.FromMilliseconds(500) };

    /// <summary>The path of a name in the sysroot.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The path of a name beside the sysroot.</summary>
    public string Beside(string name) => _directory[name];

    public OperationOutcome Switch(WrittenImage image, bool retain = false) => Switch(image.Reference, retain);

    public OperationOutcome Switch(string reference, bool retain = false)
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        var target = OstreeImageReference.Unverified(ImageReference.Parse(reference));
        return Wait(new SwitchOperation(sysroot, Settings, Progress) { Target = target, Retain = retain }.RunAsync(TestContext.Current.CancellationToken));
    }

    public OperationOutcome Upgrade()
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        return Wait(new UpgradeOperation(sysroot, Settings, Progress).RunAsync(TestContext.Current.CancellationToken));
    }

    public OperationOutcome Rollback()
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        return new RollbackOperation(sysroot, Progress).Run(TestContext.Current.CancellationToken);
    }

    /// <summary>The deployments in boot order, as one sees them who opens the sysroot now.</summary>
    public IReadOnlyList<Deployment> Deployments
    {
        get
        {
            using Sysroot sysroot = Sysroot.Open(Path);
            return sysroot.Deployments;
        }
    }

    /// <summary>All that counts, as text: what lies outside the repository, and the refs in it. Layers that were fetched do not count.</summary>
    public string State
    {
        get
        {
            using Sysroot sysroot = Sysroot.Open(Path);
            IEnumerable<string> refs = sysroot.Repository.ListRefs().Where(entry => !entry.Key.StartsWith("ostree/container/blob/", StringComparison.Ordinal))
                .Select(entry => $"{entry.Key} {entry.Value}").Order(StringComparer.Ordinal);
            return TreeListing.Of(Path, "ostree/repo", "ostree/lock") + string.Join('\n', refs);
        }
    }

    /// <summary>Fails unless libostree lists the deployments that we do, and both find everything sound.</summary>
    public void AssertSound()
    {
        string status = Ostree("admin", "status", "--sysroot", Path).Succeeded();
        string[] listed = [.. DeploymentLine().Matches(status).Select(match => match.Groups[1].Value)];
        Assert.Equal(Deployments.Select(deployment => $"{deployment.Stateroot} {deployment.DirectoryName}"), listed);
        Ostree("fsck", "--repo", this["ostree/repo"]).Succeeded();
        using Sysroot sysroot = Sysroot.Open(Path);
        Assert.Empty(SysrootCheck.Run(sysroot, TestContext.Current.CancellationToken).Findings);
    }

    /// <summary>Runs <c>ostree</c> of the reference tools.</summary>
    public CommandResult Ostree(params string[] arguments) => Oracle.Run("ostree", arguments);

    public void Dispose() => _directory.Dispose();

    [GeneratedRegex("^[* ] ([^ ]+ [0-9a-f]{64}\\.[0-9]+)", RegexOptions.Multiline)]
    private static partial Regex DeploymentLine();

    private TestHost With(TestHost other)
    {
        Peer.Run("cp", "-a", other.Path + "/.", Path).Succeeded();
        return this;
    }

    private static OperationOutcome Wait(Task<OperationOutcome> operation) => operation.GetAwaiter().GetResult();
}
