// A file's entry in a directory.
namespace Bootc.Ostree.Objects;

/// <summary>A name in a directory and the content object that it stands for.</summary>
public readonly record struct DirTreeFile(string Name, Checksum File);
