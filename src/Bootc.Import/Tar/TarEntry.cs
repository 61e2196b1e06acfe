// An entry of a tar stream, with all extensions applied.
using Bootc.Linux;

namespace Bootc.Import.Tar;

/// <summary>The metadata of an entry. Names are as they stand in the archive, decoded by <see cref="FileName"/>.</summary>
internal sealed record TarEntry
{
    public required TarEntryKind Kind { get; init; }

    public required string Name { get; init; }

    public required string LinkName { get; init; }

    /// <summary>Permission bits with set-user-ID, set-group-ID and sticky.</summary>
    public required uint Permissions { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    /// <summary>The size of the content in bytes, holes included.</summary>
    public required long Size { get; init; }

    public required IReadOnlyList<ExtendedAttribute> ExtendedAttributes { get; init; }
}
