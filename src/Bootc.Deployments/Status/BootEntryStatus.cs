// A deployment, as the document has it.
using System.Text.Json.Serialization;

namespace Bootc.Deployments.Status;

/// <summary>Something that can be booted.</summary>
public sealed record BootEntryStatus
{
    /// <summary>Its image.</summary>
    public ImageStatus? Image { get; init; }

    /// <summary>A newer image that was seen under its reference.</summary>
    public ImageStatus? CachedUpdate { get; init; }

    /// <summary>Whether it follows no image that this program understands.</summary>
    public bool Incompatible { get; init; }

    /// <summary>Whether it stays until it is unpinned.</summary>
    public bool Pinned { get; init; }

    /// <summary>Whether a reboot of user space alone would reach it.</summary>
    public bool SoftRebootCapable { get; init; }

    /// <summary>Whether it waits to be released, and is not made bootable at shutdown before.</summary>
    public bool DownloadOnly { get; init; }

    /// <summary>Where its content is kept.</summary>
    public string? Store { get; init; }

    /// <summary>Its place in the sysroot.</summary>
    public OstreeStatus? Ostree { get; init; }

    /// <summary>What is wanted besides its image; for people, since the document has no place for it.</summary>
    [JsonIgnore]
    public PackageWish Packages { get; init; } = new();

    /// <summary>What of <see cref="Packages"/> has no effect, since the image is that way itself; for people as well.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> InactivePackages { get; init; } = [];

    /// <summary>How its initramfs is to differ from the image's; for people as well.</summary>
    [JsonIgnore]
    public InitramfsWish Initramfs { get; init; } = new();

    /// <summary>What was put onto it since it booted; for people as well.</summary>
    [JsonIgnore]
    public LiveState? Live { get; init; }
}
