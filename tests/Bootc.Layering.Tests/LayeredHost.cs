// A host on which packages are added to its image, whatever these are made with.
using Bootc.Deployments;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

/// <summary>Made once for all tests of a class; each begins with <see cref="Start"/>.</summary>
public abstract class LayeredHost : IDisposable
{
    private TestDirectory? _directory;

    /// <summary>The sysroot.</summary>
    public string Path => _directory!["sysroot"];

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

    /// <summary>The commit that boots next.</summary>
    public Checksum Commit => Default.Commit;

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

    /// <summary>The executable, as this test was built: bin/Debug/net10.0.</summary>
    public static string Executable { get; } = System.IO.Path.Combine(
        TestData.RepositoryRoot,
        "src/Bootc.Cli/bin",
        System.IO.Path.GetRelativePath(System.IO.Path.Combine(TestData.RepositoryRoot, "tests/Bootc.Layering.Tests/bin"), AppContext.BaseDirectory),
        "bootc");

    /// <summary>The command that says whether files are as their packages have them; it says nothing where they are.</summary>
    public abstract string VerifyCommand { get; }

    /// <summary>A package that the image has, and that can be left out.</summary>
    public abstract string ImagePackage { get; }

    /// <summary>How the version <c>1.0</c> of a package of the repository is written.</summary>
    public abstract string FirstVersion { get; }

    /// <summary>A file, below <c>/etc</c>, in which the host is told of the repository.</summary>
    public abstract string SourcesFile { get; }

    /// <summary>The path, in the repository, of what says which lists there are.</summary>
    public abstract string ListsFile { get; }

    /// <summary>A file, below <c>/etc</c>, with settings of the package system that change nothing for packages of these tests, and its text.</summary>
    public abstract (string Path, string Text) FurtherSettings { get; }

    /// <summary>What operations told since the test began.</summary>
    internal RecordedProgress Progress { get; private set; } = new();

    /// <summary>The repository.</summary>
    internal abstract ITestRepository Repository { get; }

    private OciOptions Settings => new() { Root = _directory!["settings"] };

    /// <summary>The path of a name in the sysroot.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Skips the test where it cannot run, makes the host if need be, and has it follow v1 alone.</summary>
    public void Start()
    {
        Require();
        if (_directory is null)
        {
            _directory = new TestDirectory("layering");
            Directory.CreateDirectory(Path);
            Sysroot.Initialize(Path, "default");
            Make();
            Switch("v1");
            AddRepository(this[$"{Default.Path}/etc"]);
        }

        Run((operation, cancellation) => operation.DisableInitramfs(cancellation));
        Run((operation, cancellation) => operation.ChangeInitramfsFiles([], [], untrackAll: true, cancellation));
        Run((operation, cancellation) => operation.Reset(cancellation));
        Switch("v1");
        Progress = new RecordedProgress();
    }

    /// <summary>The path of a name beside the sysroot.</summary>
    public string Beside(string name) => _directory![name];

    /// <summary>The path of a name in the deployment that boots next.</summary>
    public string InDefault(string name) => this[$"{Default.Path}/{name}"];

    /// <summary>Follows another version of the image: <c>v1</c> or <c>v2</c>.</summary>
    public OperationOutcome Switch(string tag) => SwitchTo(ReferenceOf(tag));

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

    internal OperationOutcome Refresh() => Run((operation, cancellation) => operation.Refresh(cancellation));

    internal OperationOutcome Run(Func<PackageOperation, CancellationToken, OperationOutcome> run, bool allowInactive = false, bool cacheOnly = false)
    {
        using Sysroot sysroot = Sysroot.Open(Path);
        var operation = new PackageOperation(sysroot, Settings, Progress) { AllowInactive = allowInactive, CacheOnly = cacheOnly };
        return run(operation, TestContext.Current.CancellationToken);
    }

    /// <summary>Runs a program of the deployment that boots next, in it.</summary>
    public abstract CommandResult Chroot(string command);

    /// <summary>Fails unless the deployment that boots next is of the image's second version.</summary>
    public abstract void AssertSecondVersion();

    /// <summary>Fails unless libostree finds everything sound.</summary>
    public void AssertSound()
    {
        Oracle.Run("ostree", "fsck", "--repo", this["ostree/repo"]).Succeeded();
        using Sysroot sysroot = Sysroot.Open(Path);
        Assert.Empty(SysrootCheck.Run(sysroot, TestContext.Current.CancellationToken).Findings);
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        _directory?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Skips the test where it cannot run.</summary>
    protected abstract void Require();

    /// <summary>Makes the repository, with <c>hello-layer</c> and <c>hello-data</c> that it needs, and images where they are not there.</summary>
    protected abstract void Make();

    /// <summary>Tells a host of the repository.</summary>
    /// <param name="etc">Its <c>/etc</c>.</param>
    protected abstract void AddRepository(string etc);

    /// <summary>Where a version of the image is.</summary>
    protected abstract string ReferenceOf(string tag);
}
