// The settings of installations as bootc prints them.
using System.Text.Json.Serialization;

namespace Bootc.Install;

/// <summary>What <c>bootc install print-configuration</c> prints; what is not set is left out.</summary>
internal sealed record InstallConfigDocument
{
    [JsonPropertyName("root-fs-type")]
    public string? RootFsType { get; init; }

    public IReadOnlyList<string>? Kargs { get; init; }

    public string? Stateroot { get; init; }

    [JsonPropertyName("root-mount-spec")]
    public string? RootMountSpec { get; init; }

    [JsonPropertyName("boot-mount-spec")]
    public string? BootMountSpec { get; init; }

    [JsonPropertyName("discoverable-partitions")]
    public bool? DiscoverablePartitions { get; init; }

    [JsonPropertyName("enforce-container-sigpolicy")]
    public bool? EnforceContainerSigpolicy { get; init; }

    public IReadOnlyList<string>? Block { get; init; }
}
