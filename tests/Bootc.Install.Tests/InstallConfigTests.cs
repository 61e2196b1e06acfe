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
        Assert.Equal("""{"root-fs-type":"xfs"}""", config.ToJson(all: false));
        Assert.Equal("""{"root-fs-type":"xfs","kargs":["a","b=1","c"],"stateroot":"two","root-mount-spec":"LABEL=r","discoverable-partitions":true}""", config.ToJson(all: true));
    }

    [Theory]
    [InlineData("[install\n", "x.toml is malformed: ")]
    [InlineData("[install]\nkargs = \"a\"\n", "x.toml: kargs is no list of strings")]
    [InlineData("[install]\nkargs = [1]\n", "x.toml: kargs is no list of strings")]
    [InlineData("[install]\nfilesystem = \"ext4\"\n", "x.toml: filesystem is no table")]
    [InlineData("[install]\ndiscoverable-partitions = \"yes\"\n", "x.toml: discoverable-partitions is neither true nor false")]
    public void Malformed_file_is_named(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<InstallException>(() => InstallConfig.Parse(text, "x.toml")).Message);
}
