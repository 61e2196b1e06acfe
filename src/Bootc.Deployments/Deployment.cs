// One deployment: a bootable root.
using Bootc.Deployments.Boot;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>A root that can be booted, or will be able to once it is finalized.</summary>
public sealed class Deployment
{
    /// <summary>The deployment's place in the boot order; 0 boots next.</summary>
    public int Index { get; internal set; }

    /// <summary>The stateroot whose <c>/var</c> it has.</summary>
    public required string Stateroot { get; init; }

    /// <summary>The commit that it is a checkout of.</summary>
    public required Checksum Commit { get; init; }

    /// <summary>Tells deployments of one commit apart.</summary>
    public required int Serial { get; init; }

    /// <summary>The checksum of its kernel and initramfs.</summary>
    public required string Bootcsum { get; init; }

    /// <summary>Tells deployments with one kernel apart.</summary>
    public int BootSerial { get; internal set; }

    /// <summary>Its boot entry; empty but for kernel arguments while it is staged.</summary>
    public BootEntry Entry { get; internal set; } = new();

    /// <summary>Where it comes from.</summary>
    public Origin Origin { get; internal set; } = new();

    /// <summary>Whether it is made into a bootable one at the next shutdown.</summary>
    public bool IsStaged { get; internal set; }

    /// <summary>Whether it is the one running.</summary>
    public bool IsBooted { get; internal set; }

    /// <summary>Whether it stays until it is unpinned.</summary>
    public bool IsPinned => Origin.IsPinned;

    /// <summary>The name of its directory: <c>COMMIT.SERIAL</c>.</summary>
    public string DirectoryName => $"{Commit}.{Serial}";

    /// <summary>Its directory, relative to the sysroot.</summary>
    public string Path => $"ostree/deploy/{Stateroot}/deploy/{DirectoryName}";

    /// <summary>Its origin file, relative to the sysroot.</summary>
    public string OriginPath => $"{Path}.origin";

    /// <summary>Its further data, relative to the sysroot.</summary>
    public string BackingPath => $"ostree/deploy/{Stateroot}/backing/{DirectoryName}";

    /// <summary>The name of the directory that has its kernel, below <c>ostree</c> of /boot or of the boot loader's partition.</summary>
    internal string KernelDirectoryName => $"{Stateroot}-{Bootcsum}";

    /// <summary>Whether two objects are the same deployment.</summary>
    public bool IsSame(Deployment? other) => other is not null && Path == other.Path;

    /// <inheritdoc/>
    public override string ToString() => $"{Stateroot} {DirectoryName}";

    /// <summary>Splits the name of a deployment's directory.</summary>
    internal static bool TryParseName(string name, out Checksum commit, out int serial)
    {
        serial = 0;
        commit = default;
        int dot = name.IndexOf('.');
        return dot > 0
            && Checksum.TryParse(name.AsSpan(0, dot), out commit)
            && int.TryParse(name.AsSpan(dot + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out serial);
    }
}
