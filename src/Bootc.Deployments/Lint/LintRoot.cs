// Which roots a check of an image makes sense for.
namespace Bootc.Deployments.Lint;

/// <summary>The kinds of root that a check is for.</summary>
public enum LintRoot
{
    /// <summary>Any root.</summary>
    Any,

    /// <summary>The root of the container that is being built, in which this program runs.</summary>
    Running,

    /// <summary>The root of an image in another directory, into which no container engine puts files of its own.</summary>
    Alternative,
}
