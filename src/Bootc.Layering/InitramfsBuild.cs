// An initramfs of the host's own, made by a build instead.
using System.Globalization;
using System.Text;
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>
/// The instructions of a Containerfile that give an image the initramfs of a deployment, and the files that they take: what the
/// host has in <c>/etc</c> otherwise than its image, as far as dracut goes by it, and what the initramfs is to have of <c>/etc</c>.
/// </summary>
internal sealed class InitramfsBuild
{
    private const string Folder = "initramfs";
    private const string Place = $"/tmp/{Folder}";
    private const string ArchiveName = "etc.cpio";
    private const string Modules = "usr/lib/modules";

    private readonly string _etc;
    private readonly byte[] _archive;
    private readonly string[] _settings;

    private InitramfsBuild(string etc, byte[] archive, string[] settings, string instructions)
    {
        _etc = etc;
        _archive = archive;
        _settings = settings;
        Instructions = instructions;
    }

    /// <summary>The instructions; empty where the image's own initramfs is what the deployment has.</summary>
    public string Instructions { get; }

    /// <summary>Whether they take files.</summary>
    public bool HasFiles => _archive.Length + _settings.Length > 0;

    /// <summary>Finds out what a deployment takes.</summary>
    /// <exception cref="LayeringException">A file that the initramfs is to have is not there.</exception>
    public static InitramfsBuild Of(Sysroot sysroot, Deployment deployment)
    {
        InitramfsWish wish = deployment.Origin.Initramfs;
        string etc = Path.Combine(sysroot.Path, (sysroot.Booted ?? deployment).Path, "etc");
        byte[] archive = InitramfsFiles.Archive(wish, etc);
        Checksum image = ImageStore.BaseOf(sysroot.Repository, deployment.Commit);
        bool isRemade = wish.Regenerate || (!deployment.Origin.Packages.IsEmpty && IsOther(sysroot.Repository, image, deployment.Commit, archive.Length));
        string[] settings = wish.Regenerate ? [.. InitramfsFiles.FindChangedSettings(wish, etc, Path.Combine(sysroot.Path, deployment.Path, "usr/etc"))] : [];
        IEnumerable<string> kernels = ReplaceKernel(ListKernels(sysroot.Repository, image), ListKernels(sysroot.Repository, deployment.Commit));
        return new InitramfsBuild(etc, archive, settings, Describe(wish, isRemade, archive.Length > 0, settings, kernels, sysroot.Repository.LoadCommit(image).Timestamp));
    }

    /// <summary>Writes the files beside the Containerfile.</summary>
    /// <param name="directory">The path of the directory.</param>
    public void WriteFiles(string directory)
    {
        if (!HasFiles)
        {
            return;
        }

        using DirectoryHandle context = DirectoryHandle.Open(directory);
        using DirectoryHandle folder = context.EnsureDirectory(Folder);
        if (_archive.Length > 0)
        {
            folder.WriteAllBytesAtomically(ArchiveName, _archive, 0x180, sync: false);
        }

        using DirectoryHandle etc = DirectoryHandle.Open(_etc);
        foreach (string path in _settings.Where(etc.Exists))
        {
            folder.EnsureDirectory(Path.GetDirectoryName($"etc/{path}")!).Dispose();
            Copy(etc, path, folder, $"etc/{path}");
        }
    }

    // An initramfs with further files is the image's own, filled up, and an archive.
    private static bool IsOther(Repository repository, Checksum image, Checksum commit, int added)
    {
        CommitTree before = repository.OpenTree(image);
        CommitTree after = repository.OpenTree(commit);
        return (after.TryGetDirectory(Modules)?.Directories ?? []).Select(version => $"{Modules}/{version.Name}/initramfs.img").Any(path =>
        {
            Checksum? own = before.TryGetFile(path);
            return after.TryGetFile(path) is { } made && made != own && (own is not { } old || added == 0 || SizeOf(repository, made) != ((SizeOf(repository, old) + 3) / 4 * 4) + added);
        });
    }

    private static long SizeOf(Repository repository, Checksum file) => repository.LoadFileHeader(file).Size;

    private static string[] ListKernels(Repository repository, Checksum commit)
    {
        CommitTree tree = repository.OpenTree(commit);
        return [.. (tree.TryGetDirectory(Modules)?.Directories ?? []).Select(version => version.Name).Where(version => tree.TryGetFile($"{Modules}/{version}/vmlinuz") is not null)];
    }

    // An image has one kernel to boot.
    private static IEnumerable<string> ReplaceKernel(string[] before, string[] after)
    {
        foreach (string version in after.Except(before))
        {
            yield return $"if [ -e /boot/vmlinuz-{version} ]; then mv /boot/vmlinuz-{version} /{Modules}/{version}/vmlinuz; fi; rm -rf /boot/*";
        }

        foreach (string version in before.Except(after))
        {
            yield return $"rm -f /{Modules}/{version}/vmlinuz /{Modules}/{version}/initramfs.img";
        }
    }

    private static string Describe(InitramfsWish wish, bool isRemade, bool isAdded, string[] settings, IEnumerable<string> kernels, ulong timestamp)
    {
        if (!isRemade && !isAdded)
        {
            return "";
        }

        bool hasFiles = isAdded || settings.Length > 0;
        List<string> steps = ["set -e", .. kernels];
        string names = string.Join(' ', settings.Select(Quote));
        if (settings.Length > 0)
        {
            // The host's settings are there while dracut runs, and the image's own after it.
            steps.Add($"for name in {names}; do mkdir -p \"$(dirname \"{Place}/image/$name\")\" \"$(dirname \"/etc/$name\")\"");
            steps.Add($"if [ -e \"/etc/$name\" ]; then cp -a \"/etc/$name\" \"{Place}/image/$name\"; rm -rf \"/etc/$name\" 2> /dev/null || true; fi");
            steps.Add($"if [ -e \"{Place}/etc/$name\" ]; then cp -a \"{Place}/etc/$name\" \"/etc/$name\"; fi; done");
        }

        steps.Add($"for kernel in /{Modules}/*/vmlinuz; do version=$(basename \"$(dirname \"$kernel\")\"); initramfs=/{Modules}/$version/initramfs.img");
        if (isRemade)
        {
            string arguments = string.Concat(wish.Regenerate ? wish.Arguments.Select(argument => $"{Quote(argument)} ") : []);
            steps.Add("depmod \"$version\"");
            steps.Add($"SOURCE_DATE_EPOCH={timestamp.ToString(CultureInfo.InvariantCulture)} DRACUT_NO_MKNOD=1 DRACUT_NO_XATTR=1 dracut --force --tmpdir /tmp --no-hostonly --reproducible --kver \"$version\" {arguments}\"$initramfs\"");
        }

        if (isAdded)
        {
            steps.Add("size=$(stat -c %s \"$initramfs\"); head -c $(((4 - size % 4) % 4)) /dev/zero >> \"$initramfs\"");
            steps.Add($"cat {Place}/{ArchiveName} >> \"$initramfs\"");
        }

        steps[^1] += "; done";
        if (settings.Length > 0)
        {
            steps.Add($"for name in {names}; do rm -rf \"/etc/$name\" 2> /dev/null || true; if [ -e \"{Place}/image/$name\" ]; then cp -a \"{Place}/image/$name\" \"/etc/$name\"; fi; done");
        }

        if (hasFiles)
        {
            steps.Add($"rm -rf {Place}");
        }

        var text = new StringBuilder();
        text.Append(hasFiles ? $"COPY {Folder} {Place}\n" : "");
        return text.Append($"RUN {string.Join("; \\\n    ", steps)}\n").ToString();
    }

    private static string Quote(string argument) => $"'{argument.Replace("'", "'\\''")}'";

    private static void Copy(DirectoryHandle from, string path, DirectoryHandle to, string target)
    {
        FileStatus status = from.GetStatus(path);
        switch (status.Kind)
        {
            case FileKind.Directory:
                using (DirectoryHandle below = from.OpenDirectory(path))
                using (DirectoryHandle copy = to.EnsureDirectory(target))
                {
                    foreach (DirectoryEntry entry in below.List())
                    {
                        Copy(below, entry.Name, copy, entry.Name);
                    }

                    copy.Handle.SetMode(status.Permissions, target);
                }

                break;
            case FileKind.SymbolicLink:
                to.CreateSymbolicLink(from.ReadSymbolicLink(path), target);
                break;
            case FileKind.Regular:
                to.WriteAllBytesAtomically(target, from.ReadAllBytes(path), status.Permissions, sync: false);
                break;
            default:
                break; // sockets and the like are nothing to keep
        }
    }
}
