// A package that dnf does not take.
namespace Bootc.Layering.Rpm;

/// <summary>A package whose signature does not count.</summary>
/// <param name="Package">Name, version and architecture.</param>
/// <param name="Path">The path of its file in the sandbox, where dnf tells it.</param>
internal readonly record struct DnfRefusal(string Package, string? Path);
