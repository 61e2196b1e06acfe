// One check of an image.
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

/// <summary>A check of the root of an image, before it is deployed anywhere.</summary>
/// <param name="Name">Its name, by which it can be skipped.</param>
/// <param name="Severity">How bad a finding is.</param>
/// <param name="Root">The roots that it is for.</param>
/// <param name="Description">What is checked, and why, in whole sentences.</param>
/// <param name="Check">Looks at a root and returns what is wrong, nothing where all is well. It throws where it cannot tell.</param>
public sealed record ImageLint(string Name, LintSeverity Severity, LintRoot Root, string Description, Func<DirectoryHandle, IEnumerable<LintFinding>> Check);
