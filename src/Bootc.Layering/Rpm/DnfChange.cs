// One line of a transaction, as dnf shows it.
namespace Bootc.Layering.Rpm;

/// <summary>What dnf would do with a package.</summary>
/// <param name="Change">The change.</param>
/// <param name="Repository">The identifier of the repository that it comes from; empty where it goes.</param>
internal readonly record struct DnfChange(PackageChange Change, string Repository)
{
    /// <summary>The package as dnf is asked for this very version.</summary>
    public string Nevra => $"{Change.Name}-{Change.After}.{Change.Architecture}";

    /// <summary>What stands for its file among those of all repositories.</summary>
    public string Key => $"{Change.Name} {Change.After} {Change.Architecture} {Repository}";
}
