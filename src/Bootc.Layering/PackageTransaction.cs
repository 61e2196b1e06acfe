// What becomes of a wish on an image: the packages that come, change and go.
using System.Security.Cryptography;
using System.Text;
using Bootc.Deployments;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>A wish that was solved.</summary>
/// <param name="Changes">What is done, in the order of names.</param>
/// <param name="Inactive">Packages that are wanted, and that the image has already.</param>
public sealed record PackageTransaction(IReadOnlyList<PackageChange> Changes, IReadOnlyList<string> Inactive)
{
    // Changed when the same inputs are to give another commit.
    private const string Format = "1";

    /// <summary>What becomes of no wish.</summary>
    internal static PackageTransaction Empty { get; } = new([], []);

    /// <summary>What was done for a deployment that was made before.</summary>
    internal static PackageTransaction Of(PackageReport report) => new(
        [.. report.Difference.Added.Select(package => new PackageChange(PackageAction.Install, package.Name, package.Architecture, null, package.Version))
            .Concat(report.Difference.Changed.Select(change => new PackageChange(PackageAction.Change, change.New.Name, change.New.Architecture, change.Old.Version, change.New.Version)))
            .Concat(report.Difference.Removed.Select(package => new PackageChange(PackageAction.Remove, package.Name, package.Architecture, package.Version, null)))
            .OrderBy(change => change.Name, StringComparer.Ordinal)],
        report.Inactive);

    /// <summary>The SHA-256 of all that a commit is derived of, in hexadecimal: what has the same is not made again.</summary>
    /// <param name="image">The image's commit.</param>
    /// <param name="wish">What is wanted of packages.</param>
    /// <param name="initramfs">What stands for the files of the host that go into the initramfs; empty without any.</param>
    internal string HashInputs(Checksum image, PackageWish wish, string initramfs)
    {
        var text = new StringBuilder($"{Format}\n{image}\n");
        foreach (string line in Changes.Select(change => $"{change.Action} {change.Name} {change.Architecture} {change.After} {change.Digest}")
            .Concat(wish.LocalFiles.Select(package => package.ToString()).Order(StringComparer.Ordinal))
            .Concat(wish.Requested.Order(StringComparer.Ordinal))
            .Concat(wish.Removed.Order(StringComparer.Ordinal)))
        {
            text.Append(line).Append('\n');
        }

        text.Append(initramfs);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
