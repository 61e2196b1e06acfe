// A file system of an installation.
namespace Bootc.Install;

/// <summary>The table <c>[install.filesystem.root]</c>.</summary>
/// <param name="Type">Its type, as <c>mkfs.TYPE</c> makes it.</param>
internal sealed record InstallFileSystem(string Type);
