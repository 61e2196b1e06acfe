// seal: make the kernel vouch for everything that is stored.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments;

/// <summary>
/// Seals the repository's files and the deployments' images with fs-verity, each after a look at its content, and then makes
/// the repository, and with it each later boot, ask for that. Killed at any moment, the next run goes on.
/// </summary>
public sealed class SealOperation(Sysroot sysroot, IOperationProgress progress)
{
    /// <summary>Whether there is something to seal on the running host, and it can be.</summary>
    /// <exception cref="DeploymentException">There is not; the message says why.</exception>
    public void Check()
    {
        string? reason = SealStates.Of(sysroot) switch
        {
            SealState.Sealed => "it is sealed",
            SealState.Sealing => "it is being sealed",
            SealState.Unsealed => null,
            _ when sysroot.Booted is null => "it is not what this host runs",
            _ when !sysroot.Repository.CanSeal() => "its file system or the kernel has no fs-verity",
            _ => "the running deployment was booted without composefs",
        };
        if (reason is not null)
        {
            throw new DeploymentException($"nothing is to be sealed in {sysroot.Path}: {reason}");
        }
    }

    /// <summary>Seals everything.</summary>
    /// <exception cref="SealingNotSupportedException">The file system has no fs-verity.</exception>
    /// <exception cref="DeploymentException">Something is corrupt; all else is sealed, and nothing asks for it yet.</exception>
    public void Run(CancellationToken cancellation)
    {
        if (!sysroot.Repository.CanSeal())
        {
            throw new SealingNotSupportedException(sysroot.Repository.ToString());
        }

        using FileLock? mark = sysroot.Booted is null ? null : SealStates.Mark();
        progress.Step("Sealing the store");

        // The long part, beside which others may work; then what they added meanwhile, while they wait.
        SealResult first = sysroot.Repository.Seal(cancellation);
        ThrowIfCorrupt(first);
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        SealResult rest = RunLocked(cancellation);
        progress.Message($"{first.Sealed + rest.Sealed} files sealed, {first.Before} were before; the images of {sysroot.Deployments.Count} deployments are sealed, and each boot asks for it");
    }

    /// <summary>Seals everything while the sysroot is locked already.</summary>
    internal SealResult RunLocked(CancellationToken cancellation)
    {
        SealResult result = sysroot.Repository.RequireSeal(SealImages, cancellation);
        ThrowIfCorrupt(result);
        return result;
    }

    private void ThrowIfCorrupt(SealResult result)
    {
        foreach (FsckFinding finding in result.Corrupt)
        {
            progress.Warn($"object {finding}");
        }

        if (result.Corrupt is [var first, ..])
        {
            string more = result.Corrupt.Count == 1 ? "" : $", and {result.Corrupt.Count - 1} more";
            throw new DeploymentException($"{sysroot.Path} is not sealed, since it holds what is corrupt: object {first.Name}{more}");
        }
    }

    private void SealImages()
    {
        foreach (Deployment deployment in sysroot.Deployments)
        {
            string path = $"{deployment.Path}/{Sysroot.ComposefsImageName}";
            using SafeFileHandle? image = sysroot.Root.TryOpenFile(path);
            if (image is not null)
            {
                SealImage(deployment, image, path);
            }
        }
    }

    private void SealImage(Deployment deployment, SafeFileHandle image, string path)
    {
        VerityDigest expected = ExpectedDigest(deployment);
        VerityDigest actual = FileVerity.TryMeasure(image, path) ?? FileVerity.Compute(image, path);
        if (actual != expected)
        {
            throw new DeploymentException($"{sysroot.Path} is not sealed, since {path} is corrupt: its fs-verity digest is {actual}, and that of its commit's image {expected}");
        }

        if (!FileVerity.TryEnable(image, path))
        {
            throw new SealingNotSupportedException(path);
        }
    }

    // Commits that libostree made may not say it; their images can be made again.
    private VerityDigest ExpectedDigest(Deployment deployment) =>
        sysroot.Repository.LoadCommit(deployment.Commit).Metadata.TryGetBytes(CommitComposefs.DigestKey) is { Length: VerityDigest.Size } recorded
            ? new VerityDigest(recorded.Span)
            : ComposefsImage.Write(CommitComposefs.BuildTree(sysroot.Repository, deployment.Commit), Stream.Null);
}
