// A partition table as sfdisk(8) prints it.
using System.Text.Json.Serialization;

namespace Bootc.Install;

/// <summary>What <c>sfdisk --json</c> prints.</summary>
internal sealed record PartitionTableDocument
{
    [JsonPropertyName("partitiontable")]
    public PartitionTable? Table { get; init; }
}

/// <summary>The partitions of a disk.</summary>
internal sealed record PartitionTable
{
    private const int UsualSectorSize = 512;

    /// <summary>The kind of the table: <c>gpt</c>, <c>dos</c>.</summary>
    public string? Label { get; init; }

    /// <summary>How many bytes a sector has; versions that do not print it mean 512.</summary>
    [JsonPropertyName("sectorsize")]
    public int SectorSize { get; init; } = UsualSectorSize;

    public IReadOnlyList<PartitionTableEntry>? Partitions { get; init; }
}

/// <summary>A partition of a table.</summary>
/// <param name="Start">Its first sector.</param>
/// <param name="Size">How many sectors it has.</param>
/// <param name="Type">Its type: a GUID in a GUID partition table.</param>
internal sealed record PartitionTableEntry(long Start, long Size, string? Type);
