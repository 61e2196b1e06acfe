// What was installed first, for those who look into a host years later.
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bootc.Import;
using Bootc.Linux;
using Bootc.Oci.Model;

namespace Bootc.Install;

/// <summary>The file <c>.bootc-aleph.json</c> in the root of the disk, as bootc writes it.</summary>
internal sealed record Aleph
{
    /// <summary>Its name.</summary>
    public const string Name = ".bootc-aleph.json";

    private const string RunningSELinux = "/sys/fs/selinux/policy_capabilities";

    public required string Image { get; init; }

    public required string Digest { get; init; }

    [JsonPropertyName("target-image")]
    public required string TargetImage { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public string? Version { get; init; }

    public string? Timestamp { get; init; }

    /// <summary>The release of the kernel that ran the installation.</summary>
    public required string Kernel { get; init; }

    /// <summary>What became of SELinux, in bootc's words.</summary>
    public required string Selinux { get; init; }

    /// <summary>Writes the file.</summary>
    /// <param name="root">The root.</param>
    /// <param name="image">What was installed.</param>
    /// <param name="options">How.</param>
    /// <param name="isLabelled">Whether the root gets labels of the image's policy.</param>
    public static void Write(DirectoryHandle root, StoredImage image, InstallOptions options, bool isLabelled)
    {
        ImageConfig config = image.Config;
        var aleph = new Aleph
        {
            Image = options.Source.Image.Name,
            Digest = image.ManifestDigest.ToString(),
            TargetImage = (options.Target ?? options.Source).Image.Name,
            Labels = config.Labels,
            Version = image.Version,
            Timestamp = image.Timestamp?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            Kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            Selinux = options.DisableSELinux ? "force-target-disabled" : !isLabelled ? "disabled" : Directory.Exists(RunningSELinux) ? "enabled" : "host-disabled",
        };
        root.WriteAllBytesAtomically(Name, JsonSerializer.SerializeToUtf8Bytes(aleph, InstallJson.Default.Aleph));
    }
}
