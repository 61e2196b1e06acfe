// Which partitions a disk gets; sfdisk finds the table sound and names the types as the specification does.
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Bootc.Testing;

namespace Bootc.Install.Tests;

public class DiskLayoutTests
{
    private const long Mebi = 1 << 20;
    private const long Gibi = 1 << 30;

    [Fact]
    public void Root_takes_what_is_left()
    {
        DiskLayout layout = DiskLayout.Plan(4 * Gibi, 512 * Mebi, bootSize: null, rootSize: null, needed: Gibi);

        Partition root = layout.Root;
        Assert.Equal(layout.Efi.Start + layout.Efi.Size, root.Start);
        Assert.Equal(4 * Gibi - Mebi, root.Start + root.Size);
        Assert.All(layout.Partitions, partition => Assert.Equal(0, partition.Start % Mebi));
        Assert.Equal(RuntimeInformation.OSArchitecture == Architecture.X64, layout.BiosBoot is not null);
    }

    [Theory]
    [InlineData(1024, null, "the disk is too small for this image: it has 1074 MB, and 1614 MB are needed")]
    [InlineData(4096, 512L, "the root is too small for this image: it has 537 MB, and 1074 MB are needed")]
    [InlineData(4096, 8192L, "a root of 8590 MB does not fit: the disk has 4295 MB, and 3755 MB of it are left for the root")]
    public void Disk_that_is_too_small_is_refused(long megabytes, long? root, string expected)
    {
        Assert.SkipUnless(RuntimeInformation.OSArchitecture == Architecture.X64, "the numbers are those of x86, which has one partition more");
        var error = Assert.Throws<InstallException>(() => DiskLayout.Plan(megabytes * Mebi, 512 * Mebi, bootSize: null, root * Mebi, Gibi));
        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void Sfdisk_finds_the_table_sound()
    {
        Peer.Require("sfdisk");
        using var directory = new TestDirectory("disk");
        string path = directory["disk.raw"];
        using (FileStream file = File.Create(path))
        {
            file.SetLength(2 * Gibi);
        }

        using (Disk disk = Disk.Open(path))
        {
            disk.WritePartitionTable(DiskLayout.Plan(disk.Size, 512 * Mebi, bootSize: 100 * Mebi, rootSize: null, needed: Gibi));
        }

        Assert.Contains("No errors detected", Peer.Run("sfdisk", "--verify", path).Succeeded());
        JsonNode table = JsonNode.Parse(Peer.Run("sfdisk", "--json", path).Succeeded())!["partitiontable"]!;
        Assert.Equal("gpt", (string?)table["label"]);
        string listed = Peer.Run("sfdisk", "--list", "--output", "Type", path).Succeeded();
        Assert.Contains("EFI System", listed);
        Assert.Contains("Linux extended boot", listed);
        Assert.Contains("Linux root (", listed);
    }
}
