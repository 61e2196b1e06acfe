// A look into the image before something is lost for it.
using Bootc.Deployments;
using Bootc.Deployments.Boot;
using Bootc.Import;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree;

namespace Bootc.Install;

/// <summary>
/// Finds out whether an image fits before what is on a disk is given up: whether its signatures are accepted, its layers are what
/// they should be, and it has a kernel and a boot loader and wants no other place. What is fetched for that is kept for the
/// installation where there is room for it.
/// </summary>
internal sealed class ImagePreview : IDisposable
{
    private const int Share = 2; // of the free room, what layers may take is one part in so many

    private static readonly string[] WantedFolders = ["/usr/lib/bootc/install/", "/usr/local/lib/bootc/install/", "/usr/etc/bootc/install/"];

    private readonly BlobSpool? _spool;

    private ImagePreview(InstallOptions options, BlobSpool? spool)
    {
        _spool = spool;
        Options = options with { Oci = options.Oci with { Spool = spool } };
    }

    /// <summary>The options of the installation, which takes what was fetched already.</summary>
    public InstallOptions Options { get; }

    /// <summary>Looks into the image.</summary>
    /// <param name="options">What is to be installed.</param>
    /// <param name="place">Where.</param>
    /// <param name="size">The size of the image's layers, in bytes.</param>
    /// <param name="progress">Told what happens.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InstallException">The image lacks something or wants another place.</exception>
    /// <exception cref="DeploymentException">The image cannot be booted.</exception>
    /// <exception cref="OciException">The image cannot be had.</exception>
    public static async Task<ImagePreview> RunAsync(InstallOptions options, InstallPlace place, long size, IOperationProgress progress, CancellationToken cancellation)
    {
        progress.Step("Looking into the image, before anything is lost");
        using DirectoryHandle temporary = OpenTemporaryDirectory(options.Oci.TemporaryDirectory);
        bool hasRoom = size <= FileSystemSpace.Of(temporary).Usable / Share;
        var preview = new ImagePreview(options, hasRoom ? new BlobSpool(options.Oci.TemporaryDirectory) : null);
        try
        {
            await preview.RunAsync(temporary, place, progress, cancellation).ConfigureAwait(false);
            return preview;
        }
        catch
        {
            preview.Dispose();
            throw;
        }
    }

    public void Dispose() => _spool?.Dispose();

    private async Task RunAsync(DirectoryHandle temporary, InstallPlace place, IOperationProgress progress, CancellationToken cancellation)
    {
        string name = $"bootc-install-{Path.GetRandomFileName()}";
        temporary.CreateDirectory(name, 0x1C0);
        try
        {
            using DirectoryHandle root = temporary.OpenDirectory(name);
            Sysroot.Initialize(root, Installation.DefaultStateroot);
            using (Repository repository = Repository.Open(root.OpenDirectory("ostree/repo")))
            {
                repository.ChangeConfig(file => file.SetString("core", "fsync", "false")); // it is gone in a moment
            }

            using Sysroot sysroot = Sysroot.Open(root.Reopen());
            await ExamineAsync(sysroot, place, progress, cancellation).ConfigureAwait(false);
        }
        finally
        {
            temporary.RemoveTree(name);
        }
    }

    private async Task ExamineAsync(Sysroot sysroot, InstallPlace place, IOperationProgress progress, CancellationToken cancellation)
    {
        PreparedImport prepared = await new OperationContext(sysroot, Options.Oci, progress).PrepareAsync(Options.Source, cancellation).ConfigureAwait(false);
        await using IImageSource source = prepared.Source;
        if (!ImageOutline.CanRead(prepared))
        {
            return;
        }

        CommitTree tree = await ImageOutline.ReadAsync(sysroot.Repository, prepared, IsWanted, progress, cancellation).ConfigureAwait(false);
        BootableImage.Require(sysroot.Repository, tree, prepared.Reference.ToString());
        InstallConfig config = InstallConfig.Load("/").MergedWith(InstallConfig.Load(tree));
        place.Choose(new BootLoaderImage(sysroot.Repository, tree), config, Options.BootLoader);
    }

    private static DirectoryHandle OpenTemporaryDirectory(string path)
    {
        try
        {
            return DirectoryHandle.Open(path);
        }
        catch (LinuxException e)
        {
            throw new InstallException($"there is no place to look into the image, {path}: {LinuxException.Describe(e.Error)} (TMPDIR names another directory)", e);
        }
    }

    private static bool IsWanted(string path) => WantedFolders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal));
}
