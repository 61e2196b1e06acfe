// An extended attribute of a file.
namespace Bootc.Linux;

/// <summary>An extended attribute (xattr(7)).</summary>
/// <param name="Name">The whole name, namespace included: <c>security.capability</c>.</param>
/// <param name="Value">The value, without any terminator of its own.</param>
public readonly record struct ExtendedAttribute(string Name, byte[] Value);
