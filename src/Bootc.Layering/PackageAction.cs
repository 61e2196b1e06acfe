// What happens to a package.
namespace Bootc.Layering;

/// <summary>What a transaction does with a package.</summary>
public enum PackageAction
{
    /// <summary>It was not there before.</summary>
    Install,

    /// <summary>Another version takes its place.</summary>
    Change,

    /// <summary>It goes.</summary>
    Remove,
}
