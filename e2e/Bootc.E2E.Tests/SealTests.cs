// After the first boot the kernel vouches for what is stored: the store is sealed, and what was changed behind its back is not used.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

[Collection(Machines.Collection)]
public sealed class SealTests
{
    private const string Version = "/usr/share/example/version";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    [Fact]
    public void TheStoreIsSealedAfterTheFirstBootAndWhatIsChangedThenIsNotUsed()
    {
        DirectBoot.Require();
        Peer.Require("debugfs");
        using DirectBoot boot = DirectBoot.Create("bootc/example:v1");
        string deployment = Seal(boot);
        SealedFilesThatAreChangedCannotBeRead(boot, deployment);
        RootAndEtcThatAreTransientAreSealedBelow(boot);
        using (DiskDamage.Make(boot.Disk, $"{deployment}/.ostree.cfs", block: 3))
        {
            AssertRefused(boot, "seal-changed-image.log", $"{deployment[1..]}/.ostree.cfs was changed or cannot be read from the disk: Input/output error (EIO)");
        }
    }

    [Fact]
    public void AnImageThatWasChangedBeforeItIsSealedDoesNotBoot()
    {
        DirectBoot.Require();
        Peer.Require("debugfs");
        using DirectBoot boot = DirectBoot.Create("bootc/example:v1");
        string deployment = FindDeployment(boot);

        using (DiskDamage.Make(boot.Disk, $"{deployment}/.ostree.cfs", block: 3))
        {
            AssertRefused(boot, "seal-unsealed-image.log", $"{deployment[1..]}/.ostree.cfs was changed: its fs-verity digest is ");
        }
    }

    // Boots twice: in between, the unit seals.
    private static string Seal(DirectBoot boot)
    {
        using Guest guest = boot.Start("seal-first.log");
        guest.WaitUntilBooted();
        Assert.DoesNotContain("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
        guest.Run("while bootc status --format human | grep -E 'Store: (not|being) sealed'; do sleep 1; done", Patience).Succeeded();
        Assert.Contains("Store: sealed", guest.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
        Assert.Contains("fsverity=true", guest.Run("cat /ostree/repo/config").Succeeded(), StringComparison.Ordinal);
        Assert.Equal("0", guest.Run("find /ostree/repo/objects -name '*.file' -type f -exec lsattr {} + | grep -c -v -- '-V-'").Output.Trim());

        guest.Reboot();
        Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
        Assert.Contains("all is well", guest.Run("bootc internals fsck", Patience).Succeeded(), StringComparison.Ordinal);
        Assert.Equal("condition", guest.Run("systemctl show -P Result bootc-seal.service").Succeeded().Trim().Replace("exec-condition", "condition", StringComparison.Ordinal));
        Assert.DoesNotContain("failed", guest.Run("systemctl --failed --no-legend --plain | cat").Output, StringComparison.Ordinal);
        guest.PowerOff();
        return FindDeployment(boot);
    }

    private static void SealedFilesThatAreChangedCannotBeRead(DirectBoot boot, string deployment)
    {
        using DiskDamage damage = DiskDamage.Make(boot.Disk, deployment + Version);
        using Guest guest = boot.Start("seal-changed-object.log");
        guest.WaitUntilBooted();
        CommandResult read = guest.Run($"cat {Version}");
        CommandResult check = guest.Run("bootc internals fsck", Patience);
        string name = guest.Run($"find /ostree/repo/objects -samefile /sysroot{deployment}{Version}").Succeeded().Trim();
        guest.PowerOff();

        Assert.NotEqual(0, read.ExitCode);
        Assert.Contains("Input/output error", read.Output, StringComparison.Ordinal);
        Assert.Equal(1, check.ExitCode);
        string checksum = name.Replace("/ostree/repo/objects/", "", StringComparison.Ordinal).Replace("/", "", StringComparison.Ordinal);
        Assert.Contains($"object {checksum}: ", check.Output, StringComparison.Ordinal);
        Assert.Contains("Input/output error (EIO)", check.Output, StringComparison.Ordinal);
    }

    private static void RootAndEtcThatAreTransientAreSealedBelow(DirectBoot boot)
    {
        using Guest guest = boot.Start("seal-transient.log", configuration: "[composefs]\nenabled=verity\n[root]\ntransient=true\n[etc]\ntransient=true\n");
        guest.WaitUntilBooted();
        Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
        Assert.Equal("version 1\nmore", guest.Run($"echo more >> {Version}; chmod 600 /usr/share/example/removed; touch /new; cat {Version}").Succeeded());
        Assert.Equal("overlay", guest.Run("findmnt -n -o FSTYPE /etc").Succeeded().Trim());
        Assert.NotEqual(0, guest.Run("touch /etc/transient; ls /sysroot/ostree/deploy/default/deploy/*/etc/transient").ExitCode);
        guest.PowerOff();
    }

    private static void AssertRefused(DirectBoot boot, string log, string reason)
    {
        using Guest guest = boot.Start(log);
        guest.WaitForConsole("bootc-prepare-root: the deployment is not booted", Patience);
        Assert.Contains(reason, guest.Console, StringComparison.Ordinal);
    }

    private static string FindDeployment(DirectBoot boot)
    {
        const string folder = "/ostree/deploy/default/deploy";
        string list = Peer.Run("debugfs", "-R", $"ls -p {folder}", boot.Disk).Succeeded();
        string name = list.Split('\n').Select(line => line.Split('/')).Where(fields => fields.Length > 5).Select(fields => fields[5]).Single(name => name.Length == 66);
        return $"{folder}/{name}";
    }
}
