// What becomes of a wish on an image: the packages that come, change and go.
using System.Security.Cryptography;
using System.Text;
using Bootc.Deployments;
using Bootc.Import.Packages;
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

    /// <summary>What becomes of a host whose deployment has other packages than its image: what is done is told from what it has.</summary>
    /// <param name="before">The packages that it has.</param>
    /// <param name="after">The packages that it gets.</param>
    /// <param name="solved">The wish as it was solved on the image, if it was; it knows the sizes.</param>
    /// <param name="inactive">What of the wish has no effect.</param>
    internal static PackageTransaction Between(IEnumerable<Package> before, IEnumerable<Package> after, PackageTransaction? solved, IReadOnlyList<string> inactive)
    {
        PackageDiff difference = PackageDiff.Compare(before, after);
        ILookup<(string, string?, string), PackageChange> known = (solved?.Changes ?? []).ToLookup(change => (change.Name, change.After, change.Architecture));
        return new PackageTransaction(
            [.. difference.Added.Select(package => Bring(PackageAction.Install, null, package))
                .Concat(difference.Changed.Select(change => Bring(PackageAction.Change, change.Old.Version, change.New)))
                .Concat(difference.Removed.Select(package => new PackageChange(PackageAction.Remove, package.Name, package.Architecture, package.Version, null)))
                .OrderBy(change => change.Name, StringComparer.Ordinal)],
            inactive);

        PackageChange Bring(PackageAction action, string? old, Package package)
        {
            PackageChange? file = known[(package.Name, package.Version, package.Architecture)].FirstOrDefault();
            return new PackageChange(action, package.Name, package.Architecture, old, package.Version) { Size = file?.Size, Digest = file?.Digest };
        }
    }

    /// <summary>The packages that an image has after it.</summary>
    /// <param name="image">Those of the image.</param>
    internal IEnumerable<Package> ApplyTo(IReadOnlyList<Package> image)
    {
        HashSet<(string, string?)> gone = [.. Changes.Where(change => change.Before is not null).Select(change => (change.Name, change.Before))];
        return image.Where(package => !gone.Contains((package.Name, package.Version)))
            .Concat(Changes.Where(change => change.After is not null).Select(change => new Package(change.Name, change.After!, change.Architecture)));
    }

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
