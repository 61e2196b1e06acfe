// The file systems that a root can have, and how they are made.
namespace Bootc.Install;

/// <summary>A type of file system for the root: one on which composefs can be used, best with fs-verity.</summary>
public static class RootFileSystem
{
    /// <summary>The type where nothing else is asked for.</summary>
    public const string DefaultType = "ext4";

    /// <summary>The types that are known.</summary>
    public static IReadOnlyList<string> Types { get; } = ["ext4", "xfs", "btrfs"];

    /// <summary>The program that makes one, and its package.</summary>
    internal static (string Tool, string Package) ToolFor(string type) =>
        ($"mkfs.{type}", type switch { "ext4" => "e2fsprogs", "xfs" => "xfsprogs", _ => "btrfs-progs" });

    /// <summary>Makes a file system on a device; fs-verity is switched on where it has to be.</summary>
    /// <exception cref="InstallException">It cannot be made.</exception>
    internal static void Make(string type, string device, Guid uuid, string label) => Tool.Run($"mkfs.{type}", type switch
    {
        "ext4" => ["-q", "-F", "-O", "verity", "-L", label, "-U", uuid.ToString(), device],
        "xfs" => ["-q", "-f", "-L", label, "-m", $"uuid={uuid}", device],
        "btrfs" => ["-q", "-f", "-L", label, "-U", uuid.ToString(), device],
        _ => throw new InstallException($"a root cannot be on {type}, only on {string.Join(", ", Types)}"),
    });
}
