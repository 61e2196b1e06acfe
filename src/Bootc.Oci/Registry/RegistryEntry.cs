// A table [[registry]] of registries.conf.
namespace Bootc.Oci.Registry;

/// <summary>What registries.conf says of the images whose names begin with a prefix.</summary>
internal sealed record RegistryEntry
{
    /// <summary>The prefix of names: <c>host[:port][/path][:tag|@digest]</c>, or <c>*.host</c>.</summary>
    public required string Prefix { get; init; }

    /// <summary>What really stands where the prefix is; empty for the prefix itself.</summary>
    public string Location { get; init; } = "";

    /// <summary>Whether plain HTTP and unknown certificates are accepted.</summary>
    public bool Insecure { get; init; }

    /// <summary>Whether nothing may be pulled.</summary>
    public bool Blocked { get; init; }

    /// <summary>Where else the images are, in the order in which it is tried.</summary>
    public IReadOnlyList<RegistryMirror> Mirrors { get; init; } = [];

    /// <summary>How much of a name the prefix covers; <see langword="null"/> when it does not match.</summary>
    public int? Match(string name)
    {
        if (!Prefix.StartsWith("*.", StringComparison.Ordinal))
        {
            return name.StartsWith(Prefix, StringComparison.Ordinal) && IsEnd(name, Prefix.Length) ? Prefix.Length : null;
        }

        int end = name.AsSpan().IndexOfAny(":/@");
        end = end < 0 ? name.Length : end;
        return end >= Prefix.Length && name.AsSpan(0, end).EndsWith(Prefix.AsSpan(1)) ? end : null;
    }

    private static bool IsEnd(string name, int index) => index == name.Length || name[index] is ':' or '/' or '@';
}

/// <summary>A table [[registry.mirror]].</summary>
/// <param name="Location">What stands there in the place of the registry's prefix.</param>
/// <param name="Insecure">Whether plain HTTP and unknown certificates are accepted.</param>
/// <param name="Use">For which images it is tried.</param>
internal sealed record RegistryMirror(string Location, bool Insecure, MirrorUse Use);

/// <summary>For which images a mirror is tried (<c>pull-from-mirror</c>).</summary>
internal enum MirrorUse
{
    /// <summary>For all.</summary>
    All,

    /// <summary>For those that are named by their digest, which is the same everywhere.</summary>
    DigestOnly,

    /// <summary>For those that are named by a tag.</summary>
    TagOnly,
}
