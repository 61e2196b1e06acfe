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

    /// <summary>The platform of this machine. What level of amd64 it has is not asked: an index that has images for several must have a plain one.</summary>
    public static Platform Current { get; } = RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => Linux("amd64"),
        System.Runtime.InteropServices.Architecture.X86 => Linux("386"),
        System.Runtime.InteropServices.Architecture.Arm64 => Linux("arm64", "v8"),
        System.Runtime.InteropServices.Architecture.Arm => Linux("arm", "v7"),
        System.Runtime.InteropServices.Architecture.Armv6 => Linux("arm", "v6"),
        System.Runtime.InteropServices.Architecture.LoongArch64 => Linux("loong64"),
        var other => Linux(other.ToString().ToLowerInvariant()), // ppc64le, s390x, riscv64
    };

    /// <summary>A platform of Linux.</summary>
    public static Platform Linux(string architecture, string? variant = null) => new() { OperatingSystem = "linux", Architecture = architecture, Variant = variant };

    /// <summary>The variants of images that run here, the best one first; <see langword="null"/> is an image that names none.</summary>
    /// <remarks>As containers/image has it (internal/pkg/platform), and amd64's v1, which is all of amd64.</remarks>
    public IReadOnlyList<string?> AcceptedVariants => (Architecture, Variant) switch
    {
        ("amd64", null or "") => [null, "v1"],
        ("arm64", null or "") => [null, "v8"],
        ("arm", "v7") => ["v7", "v6", "v5", null],
        ("arm", "v6") => ["v6", "v5", null],
        (_, null or "") => [null],
        _ => [Variant, null],
    };

    /// <summary>Whether <paramref name="other"/> is of the same operating system and architecture, whatever its variant.</summary>
    public bool HasSameArchitecture(Platform other) => other.OperatingSystem == OperatingSystem && other.Architecture == Architecture;

    /// <inheritdoc/>
    public override string ToString() => Variant is { Length: > 0 } ? $"{OperatingSystem}/{Architecture}/{Variant}" : $"{OperatingSystem}/{Architecture}";
}
