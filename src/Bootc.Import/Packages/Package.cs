// An installed package.
namespace Bootc.Import.Packages;

/// <summary>A package that a distribution's database lists as installed.</summary>
public readonly record struct Package(string Name, string Version, string Architecture)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Version}";
}
