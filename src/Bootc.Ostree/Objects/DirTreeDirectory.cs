// A directory's entry in its parent.
namespace Bootc.Ostree.Objects;

/// <summary>A name in a directory and the dirtree and dirmeta objects of the directory that it stands for.</summary>
public readonly record struct DirTreeDirectory(string Name, Checksum Tree, Checksum Meta);
