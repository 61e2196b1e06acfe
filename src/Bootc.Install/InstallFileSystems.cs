// The file systems of an installation.
namespace Bootc.Install;

/// <summary>The table <c>[install.filesystem]</c>.</summary>
/// <param name="Root">The root.</param>
internal sealed record InstallFileSystems(InstallFileSystem Root);
