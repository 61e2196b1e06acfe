// Checks a sysroot: every object, every deployment's image, every boot entry.
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree;

namespace Bootc.Deployments;

/// <summary>Checks a whole sysroot.</summary>
public static class SysrootCheck
{
    /// <summary>Checks the repository's objects, that deployments have the image that their commits name, and that boot entries point to kernels that are there.</summary>
    public static SysrootCheckResult Run(Sysroot sysroot, CancellationToken cancellation)
    {
        FsckResult repository = sysroot.Repository.Fsck(new FsckOptions { Cancellation = cancellation });
        var findings = new List<string>(repository.Findings.Select(finding => $"object {finding}"));
        foreach (Deployment deployment in sysroot.Deployments)
        {
            CheckImage(sysroot, deployment, findings);
            if (!deployment.IsStaged)
            {
                CheckEntry(sysroot, deployment, findings);
            }
        }

        return new SysrootCheckResult(repository, findings);
    }

    private static void CheckImage(Sysroot sysroot, Deployment deployment, List<string> findings)
    {
        string path = $"{deployment.Path}/.ostree.cfs";
        try
        {
            CheckImage(sysroot, deployment, path, findings);
        }
        catch (Exception e) when (e is LinuxException or OstreeException)
        {
            findings.Add($"deployment {deployment}: its composefs image cannot be checked: {e.Message}");
        }
    }

    private static void CheckImage(Sysroot sysroot, Deployment deployment, string path, List<string> findings)
    {
        if (sysroot.Repository.LoadCommit(deployment.Commit).Metadata.TryGetBytes(CommitComposefs.DigestKey) is not { Length: VerityDigest.Size } expected)
        {
            return;
        }

        using var file = sysroot.Root.TryOpenFile(path);
        if (file is null)
        {
            findings.Add($"deployment {deployment}: it has no composefs image");
        }
        else if (FileVerity.Compute(file, path) is var actual && actual != new VerityDigest(expected.Span))
        {
            findings.Add($"deployment {deployment}: its composefs image has the fs-verity digest {actual}, and its commit says {new VerityDigest(expected.Span)}");
        }
    }

    private static void CheckEntry(Sysroot sysroot, Deployment deployment, List<string> findings)
    {
        foreach (string? file in new[] { deployment.Entry.Linux, deployment.Entry.Initrd })
        {
            string path = file?.TrimStart('/') ?? "";
            path = path.StartsWith("boot/", StringComparison.Ordinal) ? path : "boot/" + path;
            if (file is not null && sysroot.Root.TryGetStatus(path) is not { Kind: FileKind.Regular })
            {
                findings.Add($"deployment {deployment}: its boot entry names {file}, which is not in /boot");
            }
        }
    }
}
