// A root that somebody else made and mounted.
using Bootc.Testing;

namespace Bootc.Install.Tests;

/// <summary>A mounted file system of 256 MiB, and an image.</summary>
internal sealed class MountedRoot : IDisposable
{
    private readonly TestDirectory _directory;

    /// <param name="image">The image.</param>
    /// <param name="subvolume">The subvolume of btrfs that is mounted; without one, the file system is ext4.</param>
    public MountedRoot(OsImage? image = null, string? subvolume = null)
    {
        Peer.RequireRoot("file systems are mounted");
        Peer.Require("mkfs.ext4", "blkid", "findmnt", "mount");
        Assert.SkipUnless(File.Exists("/dev/loop-control"), "there are no loop devices");
        _directory = new TestDirectory("root");
        string disk = _directory["disk"];
        using (FileStream file = File.Create(disk))
        {
            file.SetLength(256 << 20);
        }

        Directory.CreateDirectory(Path);
        if (subvolume is null)
        {
            Peer.Run("mkfs.ext4", "-q", disk).Succeeded();
            Peer.Run("mount", "-o", "loop", disk, Path).Succeeded();
        }
        else
        {
            Peer.Require("mkfs.btrfs", "btrfs");
            Peer.Run("mkfs.btrfs", "-q", disk).Succeeded();
            Peer.Run("mount", "-o", "loop", disk, Path).Succeeded();
            Peer.Run("btrfs", "subvolume", "create", this[subvolume]).Succeeded();
            Peer.Run("umount", Path).Succeeded();
            Peer.Run("mount", "-o", $"loop,subvol={subvolume}", disk, Path).Succeeded();
        }

        Image = (image ?? OsImage.Create().AddLayer(layer => layer
            .File("usr/lib/systemd/boot/efi/systemd-bootx64.efi", "systemd-boot")
            .File("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "grub"))).WriteTo(_directory["images"]).Reference;
    }

    public string Path => _directory["root"];

    public string Image { get; }

    public string Beside(string name) => _directory[name];

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public CommandResult Bootc(params string[] arguments) => Peer.Run(ToDiskTests.Executable, arguments);

    public void Dispose() => _directory.Dispose();
}
