// What a host wants besides its image, as its origin says it.
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>
/// Packages that are wanted or not, in the keys that rpm-ostree has for them: <c>requested</c> and <c>requested-local</c> of
/// <c>[packages]</c>, <c>remove</c> and <c>replace-local</c> of <c>[overrides]</c>. It is the wish, never what came of it.
/// </summary>
public sealed record PackageWish
{
    /// <summary>The key of a commit's metadata with what of the wish has no effect, since the image is that way itself.</summary>
    public const string InactiveKey = "bootc.inactive-packages";

    private const string Packages = "packages";
    private const string Overrides = "overrides";
    private static readonly (string Group, string Key)[] Keys = [(Packages, "requested"), (Packages, "requested-local"), (Overrides, "remove"), (Overrides, "replace-local")];

    /// <summary>The names of packages from repositories.</summary>
    public IReadOnlyList<string> Requested { get; init; } = [];

    /// <summary>Packages that were given as files.</summary>
    public IReadOnlyList<LocalPackage> Local { get; init; } = [];

    /// <summary>Packages of the image that are not wanted.</summary>
    public IReadOnlyList<string> Removed { get; init; } = [];

    /// <summary>Packages of the image in whose place others are wanted, which were given as files.</summary>
    public IReadOnlyList<LocalPackage> Replaced { get; init; } = [];

    /// <summary>Whether the image alone is wanted.</summary>
    public bool IsEmpty => Requested.Count == 0 && Local.Count == 0 && Removed.Count == 0 && Replaced.Count == 0;

    /// <summary>All packages that were given as files.</summary>
    public IEnumerable<LocalPackage> LocalFiles => Local.Concat(Replaced);

    /// <summary>What of its wish has no effect in a commit.</summary>
    public static IReadOnlyList<string> ReadInactive(Repository repository, Checksum commit) =>
        repository.LoadCommit(commit).Metadata.TryGet(InactiveKey) is { Type: "as" } value ? value.AsStringArray() : [];

    /// <summary>Reads the wish from an origin's key file.</summary>
    public static PackageWish Read(KeyFile origin) => new()
    {
        Requested = origin.ReadList(Keys[0].Group, Keys[0].Key),
        Local = ReadLocal(origin, Keys[1]),
        Removed = origin.ReadList(Keys[2].Group, Keys[2].Key),
        Replaced = ReadLocal(origin, Keys[3]),
    };

    /// <summary>Writes the wish to an origin's key file.</summary>
    public void Write(KeyFile origin)
    {
        WriteList(origin, Keys[0], Requested);
        WriteList(origin, Keys[1], Local.Select(package => package.ToString()));
        WriteList(origin, Keys[2], Removed);
        WriteList(origin, Keys[3], Replaced.Select(package => package.ToString()));
    }

    private static LocalPackage[] ReadLocal(KeyFile origin, (string Group, string Key) at) =>
        [.. origin.ReadList(at.Group, at.Key).Select(text => LocalPackage.TryParse(text, out LocalPackage package)
            ? package
            : throw new DeploymentException($"the origin's key {at.Key} of [{at.Group}] has '{text}', which is no SHA256:NAME of a package file"))];

    private static void WriteList(KeyFile origin, (string Group, string Key) at, IEnumerable<string> values) => origin.WriteList(at.Group, at.Key, values);
}
