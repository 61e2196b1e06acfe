// After the first boot the kernel vouches for what is stored: the store is sealed, and what was changed behind its back is not used.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class SealTests
{
    private const string Version = "/usr/share/example/version";
    private const string Signed = "[composefs]\nenabled=signed\n";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    [Fact]
    public void TheStoreIsSealedAfterTheFirstBootAndWhatIsChangedIsNotUsed()
    {
        DirectBoot.Require();
        Peer.Require("debugfs");
        var key = new Ed25519Key();
        using DirectBoot boot = DirectBoot.Create("bootc/example:v1", key.SignDeployment);
        string deployment = FindDeployment(boot);
        using (DiskDamage.Make(boot.Disk, $"{deployment}/.ostree.cfs", block: 3))
        {
            AssertRefused(boot, "seal-unsealed-image.log", $"{deployment[1..]}/.ostree.cfs was changed: its fs-verity digest is ");
        }

        SealAcrossAPowerCut(boot);
        AssertRefused(boot, "seal-other-key.log", "is not signed by any key of /etc/ostree/initramfs-root-binding.key", Signed, new Ed25519Key().Public);
        SealedFilesThatAreChangedCannotBeReadAndAreRepaired(boot, deployment, key);
        RootAndEtcThatAreTransientAreSealedBelow(boot);
        using (DiskDamage.Make(boot.Disk, $"{deployment}/.ostree.cfs", block: 3))
        {
            AssertRefused(boot, "seal-changed-image.log", $"{deployment[1..]}/.ostree.cfs was changed or cannot be read from the disk: Input/output error (EIO)");
        }
    }

    // The power fails while the unit seals, which the next boot goes on with; the boot after that is of a sealed store.
    private static void SealAcrossAPowerCut(DirectBoot boot)
    {
        using (Guest cut = boot.Start("seal-cut.log"))
        {
            cut.WaitUntil("bootc status --format human | grep -q 'being sealed' && find /ostree/repo/objects -name '*.file' -type f -exec lsattr {} + | grep -q -- '-V-'", "the store is being sealed", Patience);
            Assert.Contains("being sealed", cut.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
            cut.Kill();
        }

        using Guest guest = boot.Start("seal-first.log");
        guest.WaitUntilBooted(Patience);
        Assert.DoesNotContain("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
        guest.Run("while bootc status --format human | grep -E 'Store: (not|being) sealed'; do sleep 5; done", Patience).Succeeded();
        Assert.Contains("Store: sealed", guest.Run("bootc status --format human").Succeeded(), StringComparison.Ordinal);
        Assert.Contains("fsverity=true", guest.Run("cat /ostree/repo/config").Succeeded(), StringComparison.Ordinal);
        AssertNothingIsUnsealed(guest);

        guest.Reboot(Patience);
        Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
        Assert.Contains("all is well", guest.Run("bootc internals fsck", Patience).Succeeded(), StringComparison.Ordinal);
        Assert.Equal("exec-condition", guest.Run("systemctl show -P Result bootc-seal.service").Succeeded().Trim()); // nothing was left to do
        Assert.DoesNotContain("failed", guest.Run("systemctl --failed --no-legend --plain | cat").Output, StringComparison.Ordinal);
        guest.PowerOff(Patience);
    }

    private static void SealedFilesThatAreChangedCannotBeReadAndAreRepaired(DirectBoot boot, string deployment, Ed25519Key key)
    {
        _ = DiskDamage.Make(boot.Disk, deployment + Version); // for good: the repair frees the block
        using Guest guest = boot.Start("seal-changed-object.log", configuration: Signed, key: key.Public);
        guest.WaitUntilBooted(Patience);
        CommandResult read = guest.Run($"cat {Version}");
        string name = guest.Run($"find /ostree/repo/objects -samefile /sysroot{deployment}{Version}").Succeeded().Trim();
        ReachRegistry(guest);
        CommandResult repair = guest.Run("bootc internals fsck --repair", Patience);
        CommandResult repaired = guest.Run($"cat /sysroot{deployment}{Version}; lsattr {name}");

        Assert.NotEqual(0, read.ExitCode);
        Assert.Contains("Input/output error", read.Output, StringComparison.Ordinal);
        string checksum = name.Replace("/ostree/repo/objects/", "", StringComparison.Ordinal).Replace("/", "", StringComparison.Ordinal);
        Assert.Contains($"object {checksum}: ", repair.Output, StringComparison.Ordinal);
        Assert.Contains("Input/output error (EIO)", repair.Output, StringComparison.Ordinal);
        Assert.Contains($"object {checksum}: repaired", repair.Output, StringComparison.Ordinal);
        Assert.Equal(0, repair.ExitCode);
        Assert.StartsWith("version 1\n", repaired.Output, StringComparison.Ordinal);
        Assert.Contains("-V-", repaired.Output, StringComparison.Ordinal);
        UpdatesAreSealedAsTheyAreWritten(guest);
        guest.Run("sync").Succeeded();
        guest.Kill(); // the update is not to be booted
    }

    private static void UpdatesAreSealedAsTheyAreWritten(Guest guest)
    {
        guest.Run("bootc upgrade --quiet --tag v2", Patience).Succeeded();
        string[] digests = guest.Run("bootc internals fsverity measure /ostree/deploy/default/deploy/*/.ostree.cfs").Succeeded().Split('\n');
        Assert.Equal(2, digests.Distinct().Count(digest => digest.Length == 64));
        AssertNothingIsUnsealed(guest);
    }

    private static void AssertNothingIsUnsealed(Guest guest) =>
        Assert.Equal("0", guest.Run("find /ostree/repo/objects -name '*.file' -type f -exec lsattr {} + | grep -c -v -- '-V-'").Output.Trim());

    // The image's name is that of the registry as this host reaches it.
    private static void ReachRegistry(Guest guest) => guest.Run($"""
        interface=$(ls /sys/class/net | grep -v '^lo$' | head -n 1)
        ip link set "$interface" up
        ip address add 10.0.2.15/24 dev "$interface" 2> /dev/null
        mkdir -p /etc/containers
        printf '[[registry]]\nprefix = "{DirectBoot.Registry}"\nlocation = "{DirectBoot.GuestRegistry}"\ninsecure = true\n' > /etc/containers/registries.conf
        """).Succeeded();

    private static void RootAndEtcThatAreTransientAreSealedBelow(DirectBoot boot)
    {
        using Guest guest = boot.Start("seal-transient.log", configuration: "[composefs]\nenabled=verity\n[root]\ntransient=true\n[etc]\ntransient=true\n");
        guest.WaitUntilBooted(Patience);
        Assert.Contains("verity=require", guest.Run("findmnt -n -o OPTIONS /").Succeeded(), StringComparison.Ordinal);
        Assert.Equal("version 1\nmore", guest.Run($"echo more >> {Version}; chmod 600 /usr/share/example/removed; touch /new; cat {Version}").Succeeded());
        Assert.Equal("overlay", guest.Run("findmnt -n -o FSTYPE /etc").Succeeded().Trim());
        Assert.NotEqual(0, guest.Run("touch /etc/transient; ls /sysroot/ostree/deploy/default/deploy/*/etc/transient").ExitCode);
        guest.PowerOff(Patience);
    }

    private static void AssertRefused(DirectBoot boot, string log, string reason, string? configuration = null, string? key = null)
    {
        using Guest guest = boot.Start(log, configuration: configuration, key: key);
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
