// What prepare-root.conf and the kernel's arguments ask for, as ostree-prepare-root(1) has it.
using Bootc.Testing;

namespace Bootc.PrepareRoot.Tests;

public sealed class PrepareRootConfigTests : IDisposable
{
    private readonly TestDirectory _initramfs = new("initramfs");

    [Theory]
    [InlineData("yes", ComposefsDemand.Yes)]
    [InlineData("true", ComposefsDemand.Yes)]
    [InlineData("1", ComposefsDemand.Yes)]
    [InlineData("maybe", ComposefsDemand.Maybe)]
    [InlineData("no", ComposefsDemand.No)]
    [InlineData("false", ComposefsDemand.No)]
    [InlineData("0", ComposefsDemand.No)]
    [InlineData("verity", ComposefsDemand.Verity)]
    [InlineData("signed", ComposefsDemand.Signed)]
    internal void What_is_asked_of_composefs(string value, ComposefsDemand demand)
    {
        Write("usr/lib", $"[composefs]\nenabled = {value}\n");

        Assert.Equal(demand, Load("").Composefs);
    }

    [Fact]
    public void Nothing_is_asked_where_there_is_no_configuration() => Assert.Equal(new PrepareRootConfig(), Load("quiet"));

    [Fact]
    public void Keys_in_etc_count_before_those_in_usr()
    {
        Write("usr/lib", "[composefs]\nenabled=yes\nkeypath=/a\n[etc]\ntransient=true\n");
        Write("etc", "[composefs]\nenabled=verity\n[root]\ntransient-ro=true\n");

        Assert.Equal(
            new PrepareRootConfig { Composefs = ComposefsDemand.Verity, KeyPath = "/a", IsEtcTransient = true, IsRootTransient = true, IsRootTransientReadOnly = true, IsSysrootReadOnly = true },
            Load(""));
    }

    [Theory]
    [InlineData("yes", "no", ComposefsDemand.No)]
    [InlineData("no", "signed", ComposefsDemand.Signed)]
    [InlineData("signed", "maybe", ComposefsDemand.Maybe)]
    [InlineData("signed", "yes", ComposefsDemand.Verity)]
    [InlineData("verity", "yes", ComposefsDemand.Verity)]
    internal void The_kernel_argument_decides_on_composefs(string file, string argument, ComposefsDemand demand)
    {
        Write("etc", $"[composefs]\nenabled={file}\n");

        Assert.Equal(demand, Load($"quiet ostree.prepare-root.composefs={argument} splash").Composefs);
    }

    [Theory]
    [InlineData("[composefs]\nenabled=yes\n", true)]
    [InlineData("[composefs]\nenabled=yes\n[sysroot]\nreadonly=false\n", false)]
    [InlineData("[composefs]\nenabled=maybe\n", null)]
    [InlineData("[sysroot]\nreadonly=true\n", true)]
    public void Sysroot_is_read_only_with_composefs_unless_told_otherwise(string file, bool? isReadOnly)
    {
        Write("etc", file);

        Assert.Equal(isReadOnly, Load("").IsSysrootReadOnly);
    }

    [Theory]
    [InlineData("[composefs]\nenabled=sure\n", "ostree/prepare-root.conf: composefs.enabled is 'sure', none of yes, maybe, no, verity and signed")]
    [InlineData("[root]\ntransient=true\ntransient-ro=true\n", "ostree/prepare-root.conf: root.transient and root.transient-ro exclude each other")]
    [InlineData("[etc]\ntransient=maybe\n", "ostree/prepare-root.conf: etc.transient is 'maybe', neither true nor false")]
    [InlineData("composefs\n", "etc/ostree/prepare-root.conf: line 1 'composefs' is no key of a group")]
    public void What_is_not_understood_is_named(string file, string message)
    {
        Write("etc", file);

        Assert.Equal(message, Assert.Throws<PrepareRootException>(() => Load("")).Message);
    }

    public void Dispose() => _initramfs.Dispose();

    private void Write(string directory, string content) => _initramfs.Write($"{directory}/ostree/prepare-root.conf", content);

    private PrepareRootConfig Load(string commandLine) => PrepareRootConfig.Load(_initramfs.Handle, commandLine);
}
