// A sysroot: the repository, the deployments made of it, and what boots next.
using Bootc.Deployments.Boot;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>
/// The physical root of a host, or a directory that is to become one, in libostree's layout
/// (https://ostreedev.github.io/ostree/deployment/): <c>ostree/repo</c>, <c>ostree/deploy/STATEROOT</c>, <c>boot/loader</c>.
/// </summary>
public sealed partial class Sysroot : IDisposable
{
    private const string RepositoryPath = "ostree/repo";

    private readonly HashSet<Checksum> _commitsLosingRefs = [];
    private List<Deployment> _deployments = [];
    private Repository? _repository;

    private Sysroot(DirectoryHandle root)
    {
        Path = root.DisplayPath;
        Root = root;
    }

    /// <summary>The path by which the sysroot was opened.</summary>
    public string Path { get; }

    /// <summary>Where content is that is on its way into the repository; what is older than a day goes when it is pruned.</summary>
    internal string TemporaryDirectory => System.IO.Path.Combine(Path, "ostree/repo/tmp");

    /// <summary>The sysroot's directory.</summary>
    public DirectoryHandle Root { get; }

    /// <summary>The repository, opened when it is first asked for.</summary>
    public Repository Repository => _repository ??= Repository.Open(Root.OpenDirectory(RepositoryPath));

    /// <summary>The deployments in boot order; a staged one first.</summary>
    public IReadOnlyList<Deployment> Deployments => _deployments;

    /// <summary>The deployment that is running, when this is the root of the running host.</summary>
    public Deployment? Booted { get; private set; }

    /// <summary>The deployment that will be finalized at shutdown.</summary>
    public Deployment? Staged => _deployments.Find(deployment => deployment.IsStaged);

    /// <summary>Whether the staged deployment waits to be released before shutdown makes it bootable.</summary>
    public bool IsStagedLocked { get; private set; }

    /// <summary>0 or 1: which of the two sets of boot entries is in force.</summary>
    public int BootVersion { get; private set; }

    /// <summary>0 or 1: which of the two sets of links of that version is in force.</summary>
    public int SubBootVersion { get; private set; }

    /// <summary>The deployment that boots next.</summary>
    public Deployment? Default => _deployments.FirstOrDefault();

    /// <summary>The deployment whose state new ones follow: the running one, or on a sysroot that does not run the one that boots next.</summary>
    public Deployment? Current => Booted ?? Default;

    /// <summary>The deployment whose image is followed: what waits for the next boot of the stateroot that runs was asked for last.</summary>
    public Deployment? Wished => Staged is { } staged && staged.Stateroot == Current?.Stateroot ? staged : Current;

    /// <summary>The deployment to fall back to: the one after the running one, or after the default one elsewhere.</summary>
    public Deployment? Rollback
    {
        get
        {
            Deployment[] finalized = [.. _deployments.Where(deployment => !deployment.IsStaged)];
            if (Booted is null)
            {
                return finalized.ElementAtOrDefault(1);
            }

            // A finalized deployment before the running one means that a rollback, or an update, is queued.
            return finalized.FirstOrDefault(deployment => !deployment.IsBooted && deployment.Stateroot == Booted.Stateroot);
        }
    }

    /// <summary>Opens a sysroot and reads its deployments.</summary>
    /// <exception cref="DeploymentException">It is no sysroot, or its boot entries are inconsistent.</exception>
    public static Sysroot Open(string path)
    {
        try
        {
            return Open(DirectoryHandle.Open(path));
        }
        catch (LinuxException e) when (e.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw new DeploymentException($"there is no sysroot at {path}", e);
        }
    }

    /// <summary>Whether a directory is a sysroot, so that it can be opened.</summary>
    public static bool IsSysroot(string path) => Directory.Exists(System.IO.Path.Combine(path, RepositoryPath));

    /// <summary>
    /// Whether a directory that is not <c>/</c> has the sysroot of the running host: what runs is not known to be in use there, and
    /// would be removed for something newer.
    /// </summary>
    public static bool IsOfRunningHost(string path)
    {
        if (System.IO.Path.GetFullPath(path) == "/" || !File.Exists(SoftReboot.BootedMarker))
        {
            return false;
        }

        using DirectoryHandle host = DirectoryHandle.Open("/");
        using DirectoryHandle root = DirectoryHandle.Open(path);
        return host.TryGetStatus(RepositoryPath) is { } ours && root.TryGetStatus(RepositoryPath) is { } theirs && (ours.Device, ours.Inode) == (theirs.Device, theirs.Inode);
    }

    /// <summary>Opens a sysroot, which takes over its directory, and reads its deployments.</summary>
    /// <exception cref="DeploymentException">It is no sysroot, or its boot entries are inconsistent.</exception>
    public static Sysroot Open(DirectoryHandle root)
    {
        var sysroot = new Sysroot(root);
        try
        {
            if (!root.Exists(RepositoryPath))
            {
                throw new DeploymentException(sysroot.Path == "/"
                    ? "this host was not installed from an image: there is no /ostree/repo (use --sysroot DIR for another root)"
                    : $"{sysroot.Path} is no sysroot: it has no ostree/repo (make one with 'bootc internals init-sysroot {sysroot.Path}')");
            }

            sysroot.Load();
            return sysroot;
        }
        catch
        {
            sysroot.Dispose();
            throw;
        }
    }

    /// <summary>Makes a directory a sysroot without deployments, as <c>ostree admin init-fs --modern</c> and <c>os-init</c> do.</summary>
    /// <exception cref="DeploymentException">The stateroot is there already, or its name is invalid.</exception>
    public static void Initialize(string path, string stateroot)
    {
        RequireName(stateroot); // before anything is made
        CreateRoot(path);
        using DirectoryHandle root = DirectoryHandle.Open(path);
        Initialize(root, stateroot);
    }

    /// <summary>As <see cref="Initialize(string, string)"/>, for a directory that is open.</summary>
    /// <exception cref="DeploymentException">The stateroot is there already, or its name is invalid.</exception>
    public static void Initialize(DirectoryHandle root, string stateroot)
    {
        RequireName(stateroot);
        root.EnsureDirectory("boot").Dispose();
        root.EnsureDirectory("ostree/deploy").Dispose();
        using (Repository.Create(root.EnsureDirectory(RepositoryPath), RepositoryMode.Bare))
        {
        }

        if (!root.TryCreateDirectory($"ostree/deploy/{stateroot}"))
        {
            throw new DeploymentException($"{root.DisplayPath} has a stateroot '{stateroot}' already");
        }

        root.CreateDirectory($"ostree/deploy/{stateroot}/var");
        root.SyncFilesystem();
    }

    private static void RequireName(string stateroot)
    {
        if (DirTree.FindFaultInName(stateroot) is { } fault)
        {
            throw new DeploymentException($"'{stateroot}' is no name of a stateroot: {fault}");
        }
    }

    private static void CreateRoot(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string above = System.IO.Path.GetFullPath(path);
            while (!System.IO.Path.Exists(above))
            {
                above = System.IO.Path.GetDirectoryName(above)!;
            }

            string reason = !Directory.Exists(above) ? "is no directory"
                : e is UnauthorizedAccessException ? "may not be written to"
                : "takes no new directory";
            throw new DeploymentException($"no sysroot can be made at {path}: {above} {reason}", e is DirectoryNotFoundException || reason == "is no directory" ? null : e);
        }
    }

    /// <summary>
    /// On a running host, makes <c>/sysroot</c> and <c>/boot</c> writable where they are mounted read-only, for this program
    /// alone: in a mount namespace of its own, into which the sysroot is then opened.
    /// </summary>
    /// <exception cref="LinuxException">They cannot be made writable.</exception>
    public static void MakeWritableForThisProgram()
    {
        string[] readOnly = File.Exists(SoftReboot.BootedMarker) ? [.. new[] { "/sysroot", "/boot" }.Where(path => Directory.Exists(path) && Mounts.IsReadOnly(path))] : [];
        if (readOnly.Length == 0)
        {
            return;
        }

        Mounts.EnterProgramNamespace();
        foreach (string path in readOnly.Where(Mounts.IsMountPoint)) // within a root that is read-only as a whole, /boot may be a plain directory
        {
            Mounts.MakeWritable(path);
        }
    }

    /// <summary>The stateroots that there are.</summary>
    public IReadOnlyList<string> ListStateroots()
    {
        using DirectoryHandle? deploy = Root.TryOpenDirectory("ostree/deploy");
        return [.. (deploy?.List() ?? []).Where(entry => entry.Kind == FileKind.Directory).Select(entry => entry.Name).Order(StringComparer.Ordinal)];
    }

    /// <summary>Excludes other programs from changing the sysroot.</summary>
    public SysrootLock Lock(Action<string>? waiting, CancellationToken cancellation = default)
    {
        SysrootLock held = SysrootLock.Acquire(Root, waiting, cancellation);
        try
        {
            Load();
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The same for an operation, which is told meanwhile what the next boot does not depend on.</summary>
    public SysrootLock Lock(IOperationProgress progress, CancellationToken cancellation)
    {
        SysrootLock held = Lock(progress.Message, cancellation);
        Action<string>? before = Warned;
        Warned = progress.Warn;
        held.Released = () => Warned = before;
        return held;
    }

    /// <summary>Opens a deployment's directory.</summary>
    public DirectoryHandle OpenDeployment(Deployment deployment) => Root.OpenDirectory(deployment.Path);

    /// <summary>Reads the deployments anew.</summary>
    public void Load()
    {
        Booted = null;
        BootVersion = ReadVersion("boot/loader", "loader.");
        SubBootVersion = ReadVersion($"ostree/boot.{BootVersion}", $"boot.{BootVersion}.");
        bool isRunningRoot = Path == "/" && File.Exists(SoftReboot.BootedMarker);
        var deployments = new List<Deployment>();
        using (DirectoryHandle? entries = Root.TryOpenDirectory($"boot/loader.{BootVersion}/entries"))
        {
            foreach (DirectoryEntry entry in entries?.List() ?? [])
            {
                if (entry.Name.StartsWith("ostree-", StringComparison.Ordinal) && entry.Name.EndsWith(".conf", StringComparison.Ordinal))
                {
                    deployments.Add(ReadDeployment(BootEntry.Parse(entries!.ReadAllText(entry.Name)), entry.Name));
                }
            }
        }

        deployments.Sort(static (a, b) => VersionOf(b).CompareTo(VersionOf(a)));
        if (isRunningRoot)
        {
            MarkBooted(deployments);
            AddStaged(deployments);
        }

        for (int i = 0; i < deployments.Count; i++)
        {
            deployments[i].Index = i;
        }

        _deployments = deployments;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ((IAsyncResult)_writeBack).AsyncWaitHandle.WaitOne();
        _repository?.Dispose();
        Root.Dispose();
    }

    private static int VersionOf(Deployment deployment) => int.TryParse(deployment.Entry.Version, out int version) ? version : 0;

    private int ReadVersion(string link, string prefix)
    {
        string? target = Root.TryGetStatus(link) is { Kind: FileKind.SymbolicLink } ? Root.ReadSymbolicLink(link) : null;
        return target switch
        {
            null => 0,
            _ when target == prefix + "0" => 0,
            _ when target == prefix + "1" => 1,
            _ => throw new DeploymentException($"the link {Root.DisplayPath}/{link} points to '{target}', not to {prefix}0 or {prefix}1"),
        };
    }

    // The entry's ostree= argument names a link, and the link the deployment.
    private Deployment ReadDeployment(BootEntry entry, string name)
    {
        string link = KernelArguments.Parse(entry.Options).GetValue("ostree")
            ?? throw new DeploymentException($"the boot entry {name} has no ostree= argument");
        string[] parts = link.Trim('/').Split('/');
        if (parts is not ["ostree", _, var stateroot, var bootcsum, var serialText] || !int.TryParse(serialText, out int bootSerial))
        {
            throw new DeploymentException($"the boot entry {name} has a malformed argument ostree={link}");
        }

        string target = Root.TryReadSymbolicLink(link.TrimStart('/'))
            ?? throw new DeploymentException($"the boot entry {name} points to {link}, which is not there");
        if (!Deployment.TryParseName(System.IO.Path.GetFileName(target), out Checksum commit, out int serial))
        {
            throw new DeploymentException($"the link {link} points to '{target}', which is no deployment");
        }

        var deployment = new Deployment { Stateroot = stateroot, Commit = commit, Serial = serial, Bootcsum = bootcsum, BootSerial = bootSerial, Entry = entry };
        deployment.Origin = ReadOrigin(deployment);
        return deployment;
    }

    private Origin ReadOrigin(Deployment deployment)
    {
        if (Root.TryReadAllText(deployment.OriginPath) is not { } text)
        {
            return new Origin();
        }

        try
        {
            return new Origin(KeyFile.Parse(text));
        }
        catch (FormatException e)
        {
            throw new DeploymentException($"the origin {deployment.OriginPath} is malformed: {e.Message}", e);
        }
    }

    /// <summary>Notes a soft reboot that brought this host here.</summary>
    public bool CompleteSoftReboot() => Path == "/" && SoftReboot.Complete(Booted);

    /// <summary>Whether a record of what was mounted as the root is one of this deployment.</summary>
    internal bool IsRecordedIn(string marker, Deployment deployment) =>
        ReadBackingRoot(marker) is { } recorded && Root.TryGetStatus(deployment.Path) is { } status && IsSame(status, recorded);

    // What is mounted as the root was recorded at boot; before that was so, the root directory itself is compared.
    private void MarkBooted(List<Deployment> deployments)
    {
        string marker = SoftReboot.CurrentMarker;
        (ulong Device, ulong Inode)? backing = ReadBackingRoot(marker);
        FileStatus root = Root.GetStatus();
        foreach (Deployment deployment in deployments)
        {
            if (Root.TryGetStatus(deployment.Path) is not { } status)
            {
                continue;
            }

            if (backing is { } recorded ? IsSame(status, recorded) : status.Inode == root.Inode && status.Device == root.Device)
            {
                deployment.IsBooted = true;
                Booted = deployment;
                return;
            }
        }

        throw new DeploymentException($"{marker} says that this host was booted from a deployment, but no boot entry is that of the running one");
    }

    private static bool IsSame(FileStatus status, (ulong Device, ulong Inode) recorded) => status.Inode == recorded.Inode && status.DeviceNumber == recorded.Device;

    private static (ulong Device, ulong Inode)? ReadBackingRoot(string marker)
    {
        byte[] content = File.ReadAllBytes(marker);
        if (content.Length == 0)
        {
            return null;
        }

        try
        {
            if (VariantDictionary.Parse(content).TryGet("backing-root-device-inode") is { Type: "(tt)" } value)
            {
                GVariantValue[] members = value.AsTuple();
                return (members[0].AsUInt64(), members[1].AsUInt64());
            }
        }
        catch (GVariantException)
        {
            // Another program's marker; the root directory decides.
        }

        return null;
    }

    private void AddStaged(List<Deployment> deployments)
    {
        if (StagedDeployment.TryRead() is not { } staged)
        {
            return;
        }

        IsStagedLocked = staged.IsLocked;
        Deployment deployment = staged.Target;
        deployment.IsStaged = true;
        deployment.Origin = ReadOrigin(deployment);
        deployment.Entry.Options = staged.KernelArguments is { } arguments ? string.Join(' ', arguments) : null;
        deployment.Entry.AddExtensions(staged.EntryExtensions);
        deployments.Insert(0, deployment);
    }
}
