// Finding arguments on the kernel command line.
namespace Bootc.PrepareRoot.Tests;

public class KernelCommandLineTests
{
    [Theory]
    [InlineData("ostree=/ostree/boot.1/x", "/ostree/boot.1/x")]
    [InlineData("quiet ostree=a ostree=b\n", "a")]
    [InlineData("root=UUID=1 ostree=a=b", "a=b")]
    [InlineData("ostree=", "")]
    [InlineData("ostree.prepare-root.composefs=yes", null)]
    [InlineData("notostree=a ostree", null)]
    [InlineData("", null)]
    public void The_first_argument_of_that_name_counts(string commandLine, string? value) =>
        Assert.Equal(value, KernelCommandLine.GetValue(commandLine, "ostree"));
}
