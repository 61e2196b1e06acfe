// The platform that an image is for.
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Bootc.Oci.Model;

/// <summary>Operating system and architecture in Go's words (OCI image-spec, image-index.md).</summary>
public sealed record Platform
{
    /// <summary>The architecture: <c>amd64</c>, <c>arm64</c>.</summary>
    public string Architecture { get; init; } = "";

    /// <summary>The operating system: <c>linux</c>.</summary>
    [JsonPropertyName("os")]
    public string OperatingSystem { get; init; } = "";

    /// <summary>The architecture's variant: <c>v8</c>.</summary>
    public string? Variant { get; init; }

    /// <summary>The platform of this machine.</summary>
    public static Platform Current { get; } = new()
    {
        OperatingSystem = "linux",
        Architecture = RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            System.Runtime.InteropServices.Architecture.Ppc64le => "ppc64le",
            System.Runtime.InteropServices.Architecture.S390x => "s390x",
            System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
            var other => other.ToString().ToLowerInvariant(),
        },
    };

    /// <summary>Whether an image for <paramref name="other"/> runs on this platform.</summary>
    public bool Matches(Platform other) =>
        other.OperatingSystem == OperatingSystem
        && other.Architecture == Architecture
        && (Variant is null || other.Variant is null || Variant == other.Variant || (Architecture == "arm64" && other.Variant == "v8"));

    /// <inheritdoc/>
    public override string ToString() => Variant is { Length: > 0 } ? $"{OperatingSystem}/{Architecture}/{Variant}" : $"{OperatingSystem}/{Architecture}";
}
