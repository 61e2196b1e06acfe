// An object's name, and where a repository keeps it.
namespace Bootc.Ostree.Objects;

/// <summary>An object's checksum and type.</summary>
public readonly record struct ObjectName(Checksum Checksum, ObjectType Type)
{
    /// <summary>The file name extension of a type; content has another one in archive repositories.</summary>
    public static string ExtensionOf(ObjectType type, RepositoryMode mode) => type switch
    {
        ObjectType.File => mode == RepositoryMode.Archive ? ".filez" : ".file",
        ObjectType.DirTree => ".dirtree",
        ObjectType.DirMeta => ".dirmeta",
        ObjectType.Commit => ".commit",
        ObjectType.TombstoneCommit => ".commit-tombstone",
        ObjectType.CommitMeta => ".commitmeta",
        ObjectType.PayloadLink => ".payload-link",
        ObjectType.FileXattrs => ".file-xattrs",
        ObjectType.FileXattrsLink => ".file-xattrs-link",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>The path below <c>objects/</c>: <c>ab/cdef….dirtree</c>.</summary>
    public string PathIn(RepositoryMode mode)
    {
        string extension = ExtensionOf(Type, mode);
        return string.Create(65 + extension.Length, (Checksum, extension), static (span, state) =>
        {
            Checksum checksum = state.Checksum;
            Span<char> hex = stackalloc char[64];
            Convert.TryToHexStringLower(Checksum.AsSpan(in checksum), hex, out _);
            hex[..2].CopyTo(span);
            span[2] = '/';
            hex[2..].CopyTo(span[3..]);
            state.extension.CopyTo(span[65..]);
        });
    }

    /// <summary>The type for a file name extension, dot included; <see langword="null"/> for an unknown one.</summary>
    public static ObjectType? TypeOfExtension(ReadOnlySpan<char> extension) => extension switch
    {
        ".file" or ".filez" => ObjectType.File,
        ".dirtree" => ObjectType.DirTree,
        ".dirmeta" => ObjectType.DirMeta,
        ".commit" => ObjectType.Commit,
        ".commit-tombstone" => ObjectType.TombstoneCommit,
        ".commitmeta" => ObjectType.CommitMeta,
        ".payload-link" => ObjectType.PayloadLink,
        ".file-xattrs" => ObjectType.FileXattrs,
        ".file-xattrs-link" => ObjectType.FileXattrsLink,
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => Checksum + ExtensionOf(Type, RepositoryMode.Bare);
}
