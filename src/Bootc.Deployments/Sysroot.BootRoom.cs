// Room for kernels, in /boot and where the boot loader keeps its own. Many hosts have it for two and not for three: what will not
// stay goes then before what is new comes, as libostree does it, in a swap of its own.
using Bootc.Deployments.Boot;
using Bootc.Linux;

namespace Bootc.Deployments;

public sealed partial class Sysroot
{
    private const long BootBlock = 4096;
    private const int BootBlocksBesides = 16; // directories and links; each entry takes one more

    // Before a list is staged, so that it does not fail at shutdown.
    private void CheckRoom(IReadOnlyList<Deployment> wanted)
    {
        using DirectoryHandle boot = Root.EnsureDirectory("boot");
        using IBootLoader loader = OpenBootLoader();
        FindLeaving(boot, loader, wanted);
    }

    // Whoever is killed in here leaves a host with what it boots now, and nothing else in the menu. Whether anything had to go.
    private bool MakeRoom(Deployment[] wanted, IBootLoader loader)
    {
        using DirectoryHandle boot = Root.EnsureDirectory("boot");
        Deployment[] leaving = FindLeaving(boot, loader, wanted);
        if (leaving.Length == 0)
        {
            return false;
        }

        Deployment[] staying = [.. _deployments.Where(deployment => !deployment.IsStaged).Except(leaving)];
        AssignSerials(staying);
        SwapEntries(staying, AreOfSeveralStateroots(staying), loader, checksRoom: true);
        Touch();
        Load();
        FollowEntries(loader);
        RemoveOtherKernels();
        boot.SyncFilesystem();
        return true;
    }

    private void RequireRoom(DirectoryHandle boot, IBootLoader loader, IReadOnlyList<Deployment> wanted)
    {
        foreach (DirectoryHandle place in PlacesOfKernels(boot, loader))
        {
            HasRoom(place, wanted, []);
        }
    }

    // The deployments whose kernels have to go first; none where there is room for all.
    private Deployment[] FindLeaving(DirectoryHandle boot, IBootLoader loader, IReadOnlyList<Deployment> wanted)
    {
        Deployment[] current = [.. _deployments.Where(deployment => !deployment.IsStaged)];
        Deployment[] leaving = [.. current.Where(deployment => !wanted.Any(deployment.IsSame))];

        // What boots now, or would boot next where nothing runs, stays until the new one is there.
        if (current.Length > 0 && leaving.Contains(Booted ?? current[0]))
        {
            leaving = [];
        }

        // All places are asked, so that it is not found at the second one only that there is no room.
        DirectoryHandle[] full = [.. PlacesOfKernels(boot, loader).Where(place => !HasRoom(place, wanted, leaving))];
        if (full.Length == 0)
        {
            return [];
        }

        WarnOnce($"{string.Join(" and ", full.Select(place => place.DisplayPath))} has no room for one more kernel: {string.Join(", ", leaving.Select(deployment => deployment.DirectoryName))}, which would go after it, leaves the boot menu before the new deployment enters it");
        return leaving;
    }

    private static IEnumerable<DirectoryHandle> PlacesOfKernels(DirectoryHandle boot, IBootLoader loader) => loader.KernelPartition is { } partition ? [boot, partition] : [boot];

    // False when there will be room once others have left.
    private bool HasRoom(DirectoryHandle place, IReadOnlyList<Deployment> wanted, Deployment[] leaving)
    {
        Dictionary<string, long> missing = FindMissingFiles(place, wanted);
        long needed = missing.Values.Sum();
        long bound = needed + ((BootBlocksBesides + wanted.Count) * BootBlock);
        long room = FileSystemSpace.Of(place).Usable;
        if (needed == 0 || bound <= room)
        {
            return true;
        }

        IEnumerable<string> released = leaving.Select(deployment => deployment.KernelDirectoryName).Except(wanted.Select(deployment => deployment.KernelDirectoryName));
        long releasedSize = released.Sum(name => SizeOfFiles(place, $"ostree/{name}"));
        return bound <= room + releasedSize ? false : throw new DeploymentException(
            $"{place.DisplayPath} has no room for {string.Join(", ", missing.Keys.Select(path => System.IO.Path.GetFileName(path)))}: {bound / 1_000_000.0:F1} MB are needed, {(room + releasedSize) / 1_000_000.0:F1} MB are free{(releasedSize > 0 ? ", or will be when the deployments are gone that do not stay" : "")}");
    }

    // Kernels that are not there yet, and what each of their files takes.
    private Dictionary<string, long> FindMissingFiles(DirectoryHandle place, IReadOnlyList<Deployment> wanted)
    {
        FileStatus target = place.GetStatus();
        var missing = new Dictionary<string, long>();
        foreach (Deployment deployment in wanted)
        {
            using DirectoryHandle root = OpenDeployment(deployment);
            KernelLayout kernel = KernelLayout.Find(root);
            using DirectoryHandle source = root.OpenDirectory(kernel.Directory);
            foreach ((string from, string to) in kernel.Files)
            {
                string path = $"ostree/{deployment.KernelDirectoryName}/{to}";
                FileStatus status = source.GetStatus(from);
                bool isCopied = status.Device != target.Device || status.MountId != target.MountId; // otherwise a link is enough
                if (isCopied && !place.Exists(path))
                {
                    missing[path] = RoundUp(status.Size);
                }
            }
        }

        return missing;
    }

    // What has another name, in the repository, stays when this one goes.
    private static long SizeOfFiles(DirectoryHandle place, string folder)
    {
        using DirectoryHandle? files = place.TryOpenDirectory(folder);
        return files?.List().Select(entry => files.GetStatus(entry.Name)).Where(status => status.Kind == FileKind.Regular && status.LinkCount == 1).Sum(status => RoundUp(status.Size)) ?? 0;
    }

    private static long RoundUp(long size) => (size + BootBlock - 1) / BootBlock * BootBlock;
}
