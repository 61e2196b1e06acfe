// One line of what a search found.
namespace Bootc.Layering;

/// <summary>A package that the host could have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it is, in one line.</param>
/// <param name="IsPresent">Whether the deployment that boots next has it.</param>
public sealed record FoundPackage(string Name, string Summary, bool IsPresent);
