// The settings of installations: files are merged in the order of their names, and what is malformed is named.
using Bootc.Testing;

namespace Bootc.Install.Tests;

public class InstallConfigTests
{
    [Fact]
    public void Files_are_merged_in_order_and_those_in_etc_replace_those_in_usr()
    {
        using var root = new TestDirectory("config");
        root.Write("usr/lib/bootc/install/10-a.toml", "[install]\nkargs = [\"a\", \"b=1\"]\nstateroot = \"one\"\n[install.filesystem.root]\ntype = \"xfs\"\n");
        root.Write("usr/lib/bootc/install/20-b.toml", "[install]\nkargs = [\"never\"]\n");
        root.Write("etc/bootc/install/20-b.toml", "[install]\nkargs = [\"c\"]\nstateroot = \"two\"\nroot-mount-spec = \"LABEL=r\"\ndiscoverable-partitions = true\n");
        root.Write("usr/lib/bootc/install/30-other.toml", "[install]\nmatch_architectures = [\"no-such\"]\nkargs = [\"not-here\"]\n");

        InstallConfig config = InstallConfig.Load(root.Path);

        Assert.Equal("xfs", config.RootFileSystem);
        Assert.Equal(["a", "b=1", "c"], config.KernelArguments);
        Assert.Equal(("two", "LABEL=r", true), (config.Stateroot, config.RootMountSpec, config.DiscoverablePartitions));
        Assert.Equal("""{"block":["direct"],"discoverable-partitions":true,"filesystem":{"root":{"type":"xfs"}},"root-fs-type":"xfs","root-mount-spec":"LABEL=r","stateroot":"two"}""", config.ToJson(all: false));
        Assert.Equal("""{"block":["direct"],"discoverable-partitions":true,"filesystem":{"root":{"type":"xfs"}},"kargs":["a","b=1","c"],"root-fs-type":"xfs","root-mount-spec":"LABEL=r","stateroot":"two"}""", config.ToJson(all: true));
    }

    [Fact]
    public void Each_directory_counts_before_those_before_it()
    {
        using var root = new TestDirectory("config");
        string[] folders = ["usr/lib", "usr/local/lib", "etc", "run"];
        for (int i = 0; i < folders.Length; i++)
        {
            root.Write($"{folders[i]}/bootc/install/{i}-own.toml", $"[install]\nkargs = [\"{i}\"]\nkarg-deletes = [\"no{i}\"]\n");
            root.Write($"{folders[i]}/bootc/install/9-same.toml", $"[install]\nstateroot = \"{i}\"\nbootloader = \"{(i == 3 ? "systemd" : "none")}\"\nenforce-container-sigpolicy = {(i == 3 ? "true" : "false")}\n");
        }

        root.Write("run/bootc/install/z.toml", "[install.ostree]\nbls-append-except-default = 'grub_users=\"\"'\n");
        Assert.Equal(
            """{"block":["direct"],"bootloader":"systemd","enforce-container-sigpolicy":true,"karg-deletes":["no0","no1","no2","no3"],"kargs":["0","1","2","3"],"ostree":{"bls-append-except-default":"grub_users=\u0022\u0022"},"stateroot":"3"}""",
            InstallConfig.Load(root.Path).ToJson(all: true));
    }

    [Theory]
    [InlineData("[install\n", "x.toml is malformed: ")]
    [InlineData("[install]\nkargs = \"a\"\n", "x.toml: kargs is no list of strings")]
    [InlineData("[install]\nkargs = [1]\n", "x.toml: kargs is no list of strings")]
    [InlineData("[install]\nfilesystem = \"ext4\"\n", "x.toml: filesystem is no table")]
    [InlineData("[install]\ndiscoverable-partitions = \"yes\"\n", "x.toml: discoverable-partitions is neither true nor false")]
    [InlineData("[install]\nenforce-container-sigpolicy = 1\n", "x.toml: enforce-container-sigpolicy is neither true nor false")]
    [InlineData("[install]\nbootloader = \"lilo\"\n", "x.toml: bootloader is 'lilo', none of grub, systemd and none")]
    [InlineData("[install]\nkarg-deletes = \"a\"\n", "x.toml: karg-deletes is no list of strings")]
    public void Malformed_file_is_named(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<InstallException>(() => InstallConfig.Parse(text, "x.toml")).Message);
}
