// Short descriptions for messages.
using Bootc.Import;

namespace Bootc.Deployments;

internal static class Describe
{
    /// <summary>What became of a new deployment, as messages begin.</summary>
    public static string State(Sysroot sysroot, bool isLocked) =>
        sysroot.Booted is null ? "Deployed" : isLocked ? "Staged, waiting to be released by 'bootc upgrade --from-downloaded'" : "Queued for next boot";

    /// <summary>Whether there is something to reboot for now that a new deployment is there: not while it waits to be released.</summary>
    public static OperationOutcome Outcome(Sysroot sysroot, bool isLocked) => isLocked && sysroot.Booted is not null ? OperationOutcome.Prepared : OperationOutcome.Changed;

    /// <summary>Version and digest, as they follow the name of an image.</summary>
    public static string Image(StoredImage image) => $"{(image.Version is { } version ? $"\n  Version: {version}" : "")}\n  Digest: {image.ManifestDigest}";
}
