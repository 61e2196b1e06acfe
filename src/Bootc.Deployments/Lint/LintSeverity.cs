// How bad it is that a check of an image fails.
namespace Bootc.Deployments.Lint;

/// <summary>What follows from what a check finds.</summary>
public enum LintSeverity
{
    /// <summary>A host with this image will not be installed, or not work.</summary>
    Fatal,

    /// <summary>It works, and something about it is likely not wanted.</summary>
    Warning,
}
