// In what a host is not as a document wants it.
using Bootc.Deployments;
using Bootc.Import;
using Bootc.Oci.Model;
using Bootc.Updates.Documents;

namespace Bootc.Updates.Git;

/// <summary>A difference.</summary>
/// <param name="Kind">In what.</param>
/// <param name="Before">How the host is.</param>
/// <param name="After">How it is to be.</param>
public sealed record HostDifference(HostDifferenceKind Kind, string? Before, string? After)
{
    /// <summary>The difference as a line of a diff, for people.</summary>
    public override string ToString()
    {
        string name = Kind switch
        {
            HostDifferenceKind.Image => "image",
            HostDifferenceKind.Release => "release",
            HostDifferenceKind.KernelArgument => "kernel argument",
            HostDifferenceKind.Package => "package",
            _ => "bound image",
        };
        return (Before, After) switch
        {
            (null, _) => $"+ {name} {After}",
            (_, null) => $"- {name} {Before}",
            _ => $"~ {name} {Before} -> {After}",
        };
    }

    /// <summary>The differences between a deployment and a wish.</summary>
    /// <param name="sysroot">The sysroot.</param>
    /// <param name="deployment">The deployment.</param>
    /// <param name="wish">The wish.</param>
    /// <param name="release">The image that it is to run; <see langword="null"/> for whichever it runs.</param>
    /// <param name="obsolete">Kernel arguments that are not wanted any more.</param>
    public static IReadOnlyList<HostDifference> Find(Sysroot sysroot, Deployment deployment, HostDocument wish, Digest? release, IReadOnlyList<string> obsolete)
    {
        var differences = new List<HostDifference>();
        if (wish.Image is { } image && deployment.Origin.Image != image)
        {
            differences.Add(new HostDifference(HostDifferenceKind.Image, deployment.Origin.Image?.ToString(), image.ToString()));
        }

        string? running = ImageStore.QueryCommit(sysroot.Repository, deployment.Commit)?.ManifestDigest.ToString();
        if (release is { } wanted && running != wanted.ToString())
        {
            differences.Add(new HostDifference(HostDifferenceKind.Release, running, wanted.ToString()));
        }

        KernelArgumentsEdit arguments = EditOperation.FindChange(KernelArgumentsOperation.Show(sysroot, deployment), wish.KernelArguments ?? KernelArgumentsWish.None, obsolete);
        differences.AddRange(arguments.Delete.Select(word => new HostDifference(HostDifferenceKind.KernelArgument, word, null)));
        differences.AddRange(arguments.AppendIfMissing.Select(word => new HostDifference(HostDifferenceKind.KernelArgument, null, word)));
        if (wish.Packages is { } packages)
        {
            IReadOnlyList<string> present = deployment.Origin.Packages.Requested;
            differences.AddRange(present.Except(packages).Select(package => new HostDifference(HostDifferenceKind.Package, package, null)));
            differences.AddRange(packages.Except(present).Select(package => new HostDifference(HostDifferenceKind.Package, null, package)));
        }

        if (wish.BoundImages is { } bound)
        {
            IReadOnlyList<string> present = deployment.Origin.BoundImages;
            differences.AddRange(present.Except(bound).Select(image => new HostDifference(HostDifferenceKind.BoundImage, image, null)));
            differences.AddRange(bound.Except(present).Select(image => new HostDifference(HostDifferenceKind.BoundImage, null, image)));
        }

        return differences;
    }
}
