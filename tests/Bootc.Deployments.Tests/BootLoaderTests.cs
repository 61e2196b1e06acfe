// What boot loaders find: GRUB a menu beside the boot entries, systemd-boot entries and kernels on a partition of its own; new
// deployments on trial; and a swap that was cut short is completed before anything goes that it needs.
using Bootc.Deployments.Boot;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class BootLoaderTests
{
    [Fact]
    public void SystemdBoot_has_the_entries_and_kernels_of_boot_and_nothing_else()
    {
        using var machine = new Machine("systemd");
        machine.Switch(Image("1"));
        Assert.Equal(["ostree-1-1.conf"], machine.Entries);
        Assert.Contains("default ostree-1-*\n", machine.LoaderConfiguration);
        machine.Switch(Image("2", kernel: "6.1"), tag: "two");

        Assert.Equal(["ostree-0-1.conf", "ostree-0-2+3.conf"], machine.Entries);
        Assert.Contains("default ostree-0-*\n", machine.LoaderConfiguration);
        machine.AssertEntriesEqualThoseOfBoot();
        machine.AssertKernelsAreThere();

        machine.Rollback(); // what was never found good is on trial as well
        machine.Switch(Image("3", kernel: "6.2"), tag: "three");
        Assert.Equal(2, Directory.GetDirectories(machine.Esp("ostree")).Length); // that of the second one is gone
        machine.AssertKernelsAreThere();
        machine.Host.AssertSound();
    }

    [Fact]
    public void A_partition_with_room_for_two_kernels_takes_a_third_in_place_of_the_first()
    {
        using var machine = new Machine("systemd", megabytes: 4);
        foreach (string version in new[] { "1", "2", "3" })
        {
            Assert.Empty(machine.Warnings);
            machine.Switch(Image(version, kernel: $"6.{version}").AddLayer(layer => layer.File($"usr/lib/modules/6.{version}/vmlinuz", new byte[1_300_000])), tag: version);
        }

        Assert.Matches($"^{machine.Esp("")} has no room for one more kernel: [0-9a-f]{{64}}\\.0, which would go after it, leaves the boot menu before the new deployment enters it$", Assert.Single(machine.Warnings));
        Assert.Equal(2, machine.Entries.Length);
        machine.AssertEntriesEqualThoseOfBoot();
        machine.AssertKernelsAreThere();
        machine.Host.AssertSound();
    }

    // libostree looks for room in /boot alone.
    [Fact]
    public void A_partition_without_room_for_what_others_deployed_takes_it_in_place_of_what_they_dropped()
    {
        using var machine = new Machine("systemd", megabytes: 4);
        OsImage Large(string version) => Image(version, kernel: $"6.{version}").AddLayer(layer => layer.File($"usr/lib/modules/6.{version}/vmlinuz", new byte[1_300_000]));
        machine.Switch(Large("1"), tag: "1");
        machine.Switch(Large("2"), tag: "2");
        string copy = machine.Host.Beside("copy");
        Directory.CreateDirectory(copy);
        using (DirectoryHandle elsewhere = DirectoryHandle.Open(copy))
        {
            string third = Large("3").WriteTo(machine.Host.Images, "3").Reference;
            machine.Open(sysroot =>
            {
                sysroot.NewEfiPartition = elsewhere;
                new SwitchOperation(sysroot, machine.Host.Settings, machine.Host.Progress) { Target = OstreeImageReference.Unverified(ImageReference.Parse(third)) }.RunAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
            });
        }

        machine.Open(sysroot => sysroot.FollowEntries());

        Assert.Equal(2, machine.Entries.Length);
        machine.AssertEntriesEqualThoseOfBoot();
        machine.AssertKernelsAreThere();
        Assert.Equal(2, Directory.GetDirectories(machine.Esp("ostree")).Length);
    }

    [Fact]
    public void Swap_that_was_cut_short_is_completed_first()
    {
        using var machine = new Machine("systemd");
        machine.Switch(Image("1"));
        machine.Switch(Image("2", kernel: "6.1"), tag: "two");

        // Killed after the rename in /boot and before anything was written to the partition, but to a copy.
        Peer.Run("cp", "-a", machine.Esp(""), machine.Host.Beside("copy")).Succeeded();
        using (DirectoryHandle copy = DirectoryHandle.Open(machine.Host.Beside("copy")))
        {
            machine.Open(sysroot =>
            {
                sysroot.NewEfiPartition = copy;
                sysroot.WriteDeployments([.. sysroot.Deployments.Reverse()]);
            });
        }

        machine.AssertEntriesLeadSomewhere();
        File.WriteAllText(machine.Esp("loader/entries/ostree-1-2.conf.new"), "half");
        File.WriteAllText(machine.Esp("loader/entries/ostree-1-7.conf"), "of another run");

        machine.Open(sysroot => sysroot.FollowEntries());

        machine.AssertEntriesEqualThoseOfBoot();
        Assert.Equal(2, machine.Entries.Length);
        byte[] configuration = File.ReadAllBytes(machine.Esp("loader/loader.conf"));
        machine.Open(sysroot => sysroot.FollowEntries());
        Assert.Equal(configuration, File.ReadAllBytes(machine.Esp("loader/loader.conf")));
    }

    [Fact]
    public void Counter_of_a_deployment_ends_when_it_is_good()
    {
        using var machine = new Machine("systemd");
        machine.Switch(Image("1"));
        machine.Switch(Image("2"), tag: "two");
        string entry = machine.Esp("loader/entries/ostree-0-2");
        File.Move(entry + "+3.conf", entry + "+2-1.conf"); // as systemd-boot does before it starts the kernel
        machine.Open(sysroot => Assert.Equal(2, sysroot.ReadTriesLeft()));
        machine.Open(sysroot => sysroot.FollowEntries());
        Assert.True(File.Exists(entry + "+2-1.conf"));

        machine.Open(sysroot =>
        {
            sysroot.Deployments[0].Origin.MarkGood();
            sysroot.WriteOrigin(sysroot.Deployments[0]);
            sysroot.FollowEntries();
        });

        Assert.Equal(["ostree-0-1.conf", "ostree-0-2.conf"], machine.Entries);
        machine.Open(sysroot => Assert.Null(sysroot.ReadTriesLeft()));
    }

    [Fact]
    public void Nothing_is_changed_where_the_partition_is_missing_or_full()
    {
        using var machine = new Machine("systemd");
        machine.Switch(Image("1"));
        string state = machine.Host.State;

        var missing = Assert.Throws<DeploymentException>(() => machine.Switch(Image("2"), tag: "two", hasPartition: false));
        Assert.StartsWith("the EFI system partition 1234-ABCD of ", missing.Message);
        Assert.Contains("is not among the disks of this machine", missing.Message);
        Assert.Equal(state, machine.Host.State);
    }

    [Fact]
    public void Grub_gets_a_menu_and_counts_the_boots_of_what_is_new()
    {
        using var machine = new Machine("grub");
        machine.Switch(Image("1"));
        Assert.DoesNotContain("boot_counter", machine.GrubMenu);
        Assert.False(File.Exists(machine.Esp(GrubLoader.EnvironmentPath)));
        machine.Switch(Image("2"), tag: "two");

        string menu = machine.GrubMenu;
        string id = machine.Host.Deployments[0].DirectoryName;
        Assert.Contains($"if [ \"$boot_counted\" = \"{id}\" ]", menu);
        Assert.Contains($"menuentry 'Test OS 2 (ostree:0)' --id {id} {{\n  linux /boot/ostree/default-", menu);
        Assert.Contains(" ostree=/ostree/boot.0/default/", menu);
        byte[] environment = File.ReadAllBytes(machine.Esp(GrubLoader.EnvironmentPath));
        Assert.Equal(1024, environment.Length);
        Assert.StartsWith($"# GRUB Environment Block\nboot_counted={id}\nboot_counter=3\n####", System.Text.Encoding.UTF8.GetString(environment));
        machine.Open(sysroot => Assert.Equal(3, sysroot.ReadTriesLeft()));

        machine.Open(sysroot =>
        {
            sysroot.Deployments[0].Origin.MarkGood();
            sysroot.WriteOrigin(sysroot.Deployments[0]);
            sysroot.FollowEntries();
        });
        Assert.DoesNotContain("boot_counter", System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(machine.Esp(GrubLoader.EnvironmentPath))));
    }

    [Fact]
    public void Grub_gets_arguments_without_quotes_since_it_makes_its_own()
    {
        const string Options = "root=\"LABEL=x\" dyndbg=\"file ec.c +p\" \"init=/bin/a b\" it's";
        using var machine = new Machine("grub");
        machine.Switch(Image("1"));
        machine.Open(sysroot => new KernelArgumentsOperation(sysroot, machine.Host.Progress).Run(
            new KernelArgumentsEdit { Append = ["root=\"LABEL=x\"", "dyndbg=\"file ec.c +p\"", "\"init=/bin/a b\"", "it's"] }, TestContext.Current.CancellationToken));

        Assert.Contains(" root=LABEL=x 'dyndbg=file ec.c +p' 'init=/bin/a b' 'it'\\''s'\n", machine.GrubMenu);
        Assert.Contains(Options, machine.Host.Deployments[0].Entry.Options);
    }

    [Fact]
    public void Grub_reads_the_menu_and_its_environment()
    {
        Peer.Require("grub-script-check", "grub-editenv");
        using var machine = new Machine("grub");
        machine.Switch(Image("1"));
        machine.Switch(Image("it's 2"), tag: "two");

        Peer.Run("grub-script-check", machine.Host["boot/loader/grub.cfg"]).Succeeded();
        string listed = Peer.Run("grub-editenv", machine.Esp(GrubLoader.EnvironmentPath), "list").Succeeded();
        Assert.Equal($"boot_counted={machine.Host.Deployments[0].DirectoryName}\nboot_counter=3\n", listed);
        Peer.Run("grub-editenv", machine.Esp(GrubLoader.EnvironmentPath), "set", "boot_counter=0").Succeeded();
        machine.Open(sysroot => Assert.Equal(0, sysroot.ReadTriesLeft()));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("read-only")]
    public void Grub_boots_what_is_new_without_a_counter_where_the_partition_takes_none(string state)
    {
        using var machine = new Machine("grub");
        machine.Switch(Image("1"));
        Peer.Run("mount", "-t", "tmpfs", "-o", "size=64k", "none", machine.Esp("")).Succeeded();
        try
        {
            if (state == "full")
            {
                Assert.NotEqual(0, Peer.Run("dd", "if=/dev/zero", "of=" + machine.Esp("filler"), "bs=4096").ExitCode);
            }
            else
            {
                Peer.Run("mount", "-o", "remount,ro", machine.Esp("")).Succeeded();
            }

            machine.Switch(Image("2"), tag: "two");
            machine.Open(sysroot => Assert.Null(sysroot.ReadTriesLeft()));
            string[] warnings = [.. machine.Warnings];
            machine.Rollback();

            Assert.StartsWith("boots of new deployments are not counted, so that none is given up by itself: ", Assert.Single(warnings), StringComparison.Ordinal);
            Assert.Contains("menuentry 'Test OS 1 (ostree:0)'", machine.GrubMenu);
        }
        finally
        {
            Peer.Run("umount", machine.Esp("")).Succeeded();
        }
    }

    [Fact]
    public void Grub_clears_no_counter_of_a_partition_that_became_read_only()
    {
        using var machine = new Machine("grub");
        machine.Switch(Image("1"));
        Peer.Run("mount", "-t", "tmpfs", "none", machine.Esp("")).Succeeded();
        try
        {
            machine.Switch(Image("2"), tag: "two");
            Peer.Run("mount", "-o", "remount,ro", machine.Esp("")).Succeeded();
            machine.Open(sysroot =>
            {
                sysroot.Deployments[0].Origin.MarkGood();
                sysroot.WriteOrigin(sysroot.Deployments[0]);
                sysroot.FollowEntries();
                Assert.Null(sysroot.ReadTriesLeft());
            });

            Assert.Single(machine.Warnings);
            Assert.DoesNotContain("boot_counter", machine.GrubMenu);
        }
        finally
        {
            Peer.Run("umount", machine.Esp("")).Succeeded();
        }
    }

    [Fact]
    public void New_menu_is_on_xfs_itself_and_not_in_its_journal_alone()
    {
        Peer.Require("fsfreeze", "timeout");
        using TestHost host = TestHost.OnSmallDisk(320, "boot", "xfs");
        host.Switch(Image("1").WriteTo(host.Images));
        host.Switch(Image("2", kernel: "6.1").WriteTo(host.Images, "two"));

        // As after a power cut, and as GRUB reads it.
        string copy = host.Beside("copy"), seen = Directory.CreateDirectory(host.Beside("seen")).FullName;
        Peer.Run("cp", "--sparse=always", host.Disk, copy).Succeeded();
        Peer.Run("mount", "-o", "loop,ro,norecovery,nouuid", copy, seen).Succeeded();
        try
        {
            Assert.Equal(TreeOf(host["boot/loader/"]), TreeOf(Path.Combine(seen, "loader/")));
        }
        finally
        {
            Peer.Run("umount", seen).Succeeded();
        }

        File.WriteAllText(host["boot/thawed"], "");
        static string[] TreeOf(string path) => [.. Directory.GetFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file[path.Length..]}\n{File.ReadAllText(file)}")];
    }

    [Fact]
    public void Deployment_that_nobody_would_call_good_is_not_on_trial()
    {
        using var machine = new Machine("systemd");
        machine.Switch(OsImage.Create("1"));
        machine.Switch(OsImage.Create("2"), tag: "two");

        Assert.Equal(["ostree-0-1.conf", "ostree-0-2.conf"], machine.Entries);
    }

    private static OsImage Image(string version, string kernel = "6.0") => Machine.Image(version, kernel);
}
