// Sealing where it cannot be done, or need not be: one line that says why.
using Bootc.Ostree;
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class SealTests
{
    [Fact]
    public void Where_the_file_system_cannot_it_is_said()
    {
        using var host = new CliHost();
        using (Repository repository = Repository.Open(Path.Combine(host.Sysroot, "ostree/repo")))
        {
            Assert.SkipWhen(repository.CanSeal(), "this file system has fs-verity");
        }

        CommandResult result = host.Run("internals", "seal");

        Assert.Equal(
            (1, $"error: {host.Sysroot}/ostree/repo cannot be sealed: its file system or the kernel has no fs-verity (ext4 has it when made with 'mkfs.ext4 -O verity'; btrfs has it)\n"),
            (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("", "it is not what this host runs")]
    [InlineData("\n[ex-integrity]\nfsverity=true\n", "it is sealed")]
    public void What_need_not_be_sealed(string settings, string reason)
    {
        using var host = new CliHost();
        File.AppendAllText(Path.Combine(host.Sysroot, "ostree/repo/config"), settings);

        CommandResult result = host.Run("internals", "seal", "--check");

        Assert.Equal((1, $"error: nothing is to be sealed in {host.Sysroot}: {reason}\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void Status_tells_that_the_store_is_sealed()
    {
        using var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        File.AppendAllText(Path.Combine(host.Sysroot, "ostree/repo/config"), "\n[ex-integrity]\nfsverity=true\n");

        Assert.Contains("\nStore: sealed, the kernel checks each file as it is read\n", host.Run("status", "--format", "human").Succeeded());
        string document = host.Run("status", "--json").Succeeded();
        Assert.Contains("\"integrity\":\"sealed\"", document);
        Assert.Empty(JsonSchema.Load(TestData.Get("bootc/host-v1.schema.json")).Check(document));
    }
}
