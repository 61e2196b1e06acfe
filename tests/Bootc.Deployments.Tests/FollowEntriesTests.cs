// What libostree writes, the boot loader's own files follow: whatever is booted next is what libostree says.
using System.Text.RegularExpressions;
using Bootc.Deployments.Boot;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public partial class FollowEntriesTests
{
    private const int KilledCode = 128 + 9;
    private const string Calls = "mkdirat,unlinkat,renameat,renameat2,fsync,fdatasync,syncfs,fchmod";

    // As an administrator would, one after the other.
    private static readonly string[][] Steps =
    [
        ["set-default", "1"],
        ["pin", "1"],
        ["deploy", "--os=default", "--karg=quiet", "--retain", "FIRST"],
        ["instutil", "set-kargs", "debug"],
        ["set-default", "2"],
        ["set-default", "1"],
        ["deploy", "--os=default", "SECOND"],
        ["undeploy", "0"],
        ["deploy", "--os=default", "FIRST"],
        ["cleanup"],
        ["kargs", "edit-in-place", "--append-if-missing=in-place"],
        ["deploy", "--os=default", "--overlay-initrd=OVERLAY", "FIRST"],
        ["undeploy", "0"],
    ];

    [Theory]
    [InlineData("systemd")]
    [InlineData("grub")]
    public void The_boot_loader_has_the_entries_of_libostree_after_each_of_its_changes(string bootLoader)
    {
        Oracle.Require();
        using Machine machine = TwoDeployments(bootLoader);
        File.WriteAllText(machine.Host.Beside("overlay.img"), "overlay");
        string[] commits = [.. machine.Host.Deployments.Reverse().Select(deployment => deployment.Commit.ToString())];
        int inLine = 0;
        foreach (string[] step in Steps)
        {
            string touched = Touched(machine);
            machine.Host.Ostree(["admin", .. step.Select(word => word.Replace("FIRST", commits[0]).Replace("SECOND", commits[1]).Replace("OVERLAY", machine.Host.Beside("overlay.img"))), $"--sysroot={machine.Host.Path}"]).Succeeded();

            bool wasTouched = touched != Touched(machine); // by which the unit is started
            bool changed = Follow(machine);
            Assert.True(wasTouched || !changed, string.Join(' ', step));
            inLine += changed ? 0 : 1;
            AssertInLine(machine, bootLoader);
            string state = State(machine);
            Assert.False(Follow(machine));
            Assert.Equal(state, State(machine));
            machine.Host.AssertSound();
        }

        Assert.InRange(inLine, 1, Steps.Length / 2); // pins and clean-up change no entry
    }

    [Fact]
    public void Libostree_writes_while_a_counter_runs_and_each_deployment_has_its_own_tries()
    {
        Oracle.Require();
        using Machine machine = TwoDeployments("systemd");
        File.Move(machine.Esp("loader/entries/ostree-0-2+3.conf"), machine.Esp("loader/entries/ostree-0-2+1-2.conf"));
        Assert.False(Follow(machine));
        Assert.Equal(["ostree-0-1.conf", "ostree-0-2+1-2.conf"], machine.Entries);

        // Twice before anything follows, so that the set of entries has the same name as before.
        string commit = machine.Host.Deployments[1].Commit.ToString();
        machine.Host.Ostree("admin", "deploy", "--sysroot", machine.Host.Path, "--os", "default", "--karg=quiet", commit).Succeeded();
        machine.Host.Ostree("admin", "deploy", "--sysroot", machine.Host.Path, "--os", "default", "--karg=debug", commit).Succeeded();
        Assert.True(Follow(machine));

        Assert.Equal(["ostree-0-1.conf", "ostree-0-2+3.conf"], machine.Entries);
        AssertInLine(machine, "systemd");
    }

    [Fact]
    public void The_running_host_follows_by_its_command_and_again_after_libostree_finalized()
    {
        Oracle.Require();
        using Machine machine = TwoDeployments("grub");
        var booted = new BootedHost(machine.Host);
        string[] follow = ["internals", "follow-entries"];
        booted.Ostree("admin", "set-default", "1").Succeeded();
        Assert.False(File.Exists(machine.Host["boot/loader/grub.cfg"]));
        Assert.StartsWith("set fallback=1\n", File.ReadAllText(machine.Host["boot/grub-fallback.cfg"]), StringComparison.Ordinal); // which boots until the menu is there

        Assert.Equal("The boot loader's files follow the boot entries now\n", booted.Bootc(follow).Succeeded());
        AssertInLine(machine, "grub");
        Assert.Equal("The boot loader's files are in line with the boot entries\n", booted.Bootc(follow).Succeeded());

        booted.Ostree("admin", "deploy", "--stage", "--os", "default", "--karg=quiet", machine.Host.Deployments[0].Commit.ToString()).Succeeded();
        Assert.Equal("The boot loader's files are in line with the boot entries\n", booted.Bootc(follow).Succeeded());
        booted.Ostree("admin", "finalize-staged").Succeeded();
        booted.Bootc(follow).Succeeded();
        AssertInLine(machine, "grub");
        Assert.Contains(" quiet", machine.GrubMenu.Split('\n').First(line => line.StartsWith("  linux ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Full_partition_keeps_what_boots_until_there_is_room()
    {
        const int Page = 4096;
        Oracle.Require();
        Peer.Require("mount");
        using Machine machine = TwoDeployments("systemd");
        machine.Host.Ostree("admin", "set-default", "--sysroot", machine.Host.Path, "1").Succeeded();
        string before = machine.Host.Beside("before");
        Peer.Run("cp", "-a", machine.Esp(""), before).Succeeded();
        int pages = Directory.GetFiles(before, "*", SearchOption.AllDirectories).Sum(file => (int)((new FileInfo(file).Length + Page - 1) / Page));
        int failures = 0;
        for (int free = 0; free < 5; free++)
        {
            CommandResult mount = Peer.Run("mount", "-t", "tmpfs", "-o", $"size={(pages + free) * Page}", "none", machine.Esp(""));
            Assert.SkipUnless(mount.ExitCode == 0, mount.Error);
            Peer.Run("cp", "-a", before + "/.", machine.Esp("")).Succeeded();

            failures += Record.Exception(() => Follow(machine)) is LinuxException { Error: Errno.ENOSPC } ? 1 : 0;
            AssertDefaultCanBeBooted(machine);

            Peer.Run("mount", "-o", "remount,size=1m", machine.Esp("")).Succeeded();
            Follow(machine);
            AssertInLine(machine, "systemd");
            Peer.Run("umount", machine.Esp("")).Succeeded();
        }

        Assert.InRange(failures, 1, 4);
    }

    [Fact]
    public void Killed_at_any_change_it_leaves_a_whole_menu_or_none_and_the_next_run_ends_it()
    {
        Oracle.Require();
        Peer.Require("strace");
        using Machine machine = TwoDeployments("grub");
        machine.Host.Ostree("admin", "set-default", "--sysroot", machine.Host.Path, "1").Succeeded();
        string[] command = ["internals", "follow-entries", "--sysroot", machine.Host.Path];
        string trace = machine.Host.Beside("trace");
        string menu = machine.Host["boot/loader/grub.cfg"];
        BootcProgram.RunTraced(["-o", trace, "-e", $"trace={Calls}"], command).Succeeded();
        string whole = File.ReadAllText(menu);
        int killed = 0;
        foreach (IGrouping<string, Match> calls in File.ReadLines(trace).Select(line => CallLine().Match(line)).Where(match => match.Success).GroupBy(match => match.Groups[1].Value))
        {
            for (int number = 1; number <= calls.Count(); number++)
            {
                File.Delete(menu);
                killed += BootcProgram.RunTraced(["-o", "/dev/null", "-e", $"trace={calls.Key}", "-e", $"inject={calls.Key}:signal=KILL:when={number}"], command).ExitCode == KilledCode ? 1 : 0;
                Assert.True(!File.Exists(menu) || File.ReadAllText(menu) == whole);
                BootcProgram.Run(command).Succeeded();
                Assert.Equal(whole, File.ReadAllText(menu));
            }
        }

        Assert.InRange(killed, 3, 100);
        machine.Host.AssertSound();
    }

    [Fact]
    public void Nothing_is_to_be_done_without_a_boot_loader_and_one_that_is_missing_is_named()
    {
        using var plain = new TestHost();
        plain.Switch(OsImage.Create("1").WriteTo(plain.Images));
        Assert.Equal("The boot loader's files are in line with the boot entries\n", BootcProgram.Run("internals", "follow-entries", "--sysroot", plain.Path).Succeeded());

        using Machine machine = TwoDeployments("systemd");
        CommandResult missing = BootcProgram.Run("internals", "follow-entries", "--sysroot", machine.Host.Path);
        Assert.Equal(1, missing.ExitCode);
        Assert.StartsWith("error: the EFI system partition 1234-ABCD of ", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Systemd_accepts_the_units()
    {
        Peer.Require("systemd-analyze");
        using var directory = new TestDirectory("units");
        string folder = Directory.CreateDirectory(directory["etc/systemd/system"]).FullName;
        Directory.CreateDirectory(directory["usr/bin"]);
        File.WriteAllText(directory["usr/bin/bootc"], "#!/bin/sh\n");
        Peer.Run("sh", "-c", $"chmod 755 {directory["usr/bin/bootc"]} && cp {TestData.RepositoryRoot}/systemd/system/* {folder} && mkdir {directory["usr/lib"]} && cp -r /usr/lib/systemd {directory["usr/lib"]}").Succeeded();
        string[] units = [.. Directory.GetFiles(folder, "bootc-follow-entries*").Select(path => Path.GetFileName(path)!)];

        CommandResult verified = Peer.Run("systemd-analyze", ["verify", "--man=no", $"--root={directory.Path}", .. units]);

        Assert.DoesNotContain("bootc-", verified.Error, StringComparison.Ordinal);
        Assert.Equal(3, units.Length);
    }

    [GeneratedRegex("^[0-9]+ +([a-z0-9]+)\\(")]
    private static partial Regex CallLine();

    private static Machine TwoDeployments(string bootLoader)
    {
        var machine = new Machine(bootLoader);
        machine.Switch(Image("1"));
        machine.Switch(Image("2", kernel: "6.1"), tag: "two");
        return machine;
    }

    // With fs-verity demanded, libostree names digests in its image on any file system, as the commit says.
    private static OsImage Image(string version, string kernel = "6.0") =>
        Machine.Image(version, kernel).AddLayer(layer => layer.File("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = verity\n"));

    private static bool Follow(Machine machine)
    {
        bool changed = false;
        machine.Open(sysroot => changed = sysroot.FollowEntriesOfOthers(null, TestContext.Current.CancellationToken));
        return changed;
    }

    private static string Touched(Machine machine) => Peer.Run("stat", "-c", "%y", machine.Host["ostree/deploy"], machine.Host["boot/loader/entries"]).Succeeded();

    // Change times tell of writes that change nothing.
    private static string State(Machine machine) =>
        Peer.Run("find", machine.Esp(""), machine.Host["boot"], "-printf", "%p %i %C@ %s\n").Succeeded();

    // By what the partition says alone; either set of links will do, as it does for the initramfs.
    private static void AssertDefaultCanBeBooted(Machine machine)
    {
        string pattern = machine.LoaderConfiguration.Split('\n').Single(line => line.StartsWith("default ", StringComparison.Ordinal))["default ".Length..].TrimEnd('*');
        BootEntry entry = machine.Entries.Where(name => name.StartsWith(pattern, StringComparison.Ordinal))
            .Select(name => BootEntry.Parse(File.ReadAllText(machine.Esp($"loader/entries/{name}"))))
            .MaxBy(entry => int.Parse(entry.Version!, System.Globalization.CultureInfo.InvariantCulture))!;
        Assert.All(entry.Files, file => Assert.Equal(File.ReadAllBytes(machine.Host["boot" + file]), File.ReadAllBytes(machine.Esp(file[1..]))));
        string link = entry.Options!.Split(' ').Single(word => word.StartsWith("ostree=/", StringComparison.Ordinal))["ostree=/".Length..];
        Assert.Contains(new[] { link, link.Replace("boot.0", "boot.1", StringComparison.Ordinal), link.Replace("boot.1", "boot.0", StringComparison.Ordinal) }, path => File.Exists(Path.Combine(machine.Host[path], "usr/lib/os-release")));
    }

    private static IEnumerable<string?> KernelFolders(string path) => Directory.GetDirectories(path).Where(folder => Directory.EnumerateFiles(folder).Any()).Select(Path.GetFileName).Order();

    private static void AssertInLine(Machine machine, string bootLoader)
    {
        if (bootLoader == "systemd")
        {
            machine.AssertEntriesEqualThoseOfBoot();
            machine.AssertKernelsAreThere();
            machine.AssertEntriesLeadSomewhere();
            string version = Path.GetFileName(new FileInfo(machine.Host["boot/loader"]).LinkTarget!)["loader.".Length..];
            Assert.Contains($"default ostree-{version}-*\n", machine.LoaderConfiguration, StringComparison.Ordinal);
            Assert.All(machine.Entries, entry => Assert.StartsWith($"ostree-{version}-", entry, StringComparison.Ordinal));
            Assert.Equal(KernelFolders(machine.Host["boot/ostree"]), KernelFolders(machine.Esp("ostree")));
            return;
        }

        BootEntry[] entries = [.. Directory.GetFiles(machine.Host["boot/loader/entries"]).Select(path => BootEntry.Parse(File.ReadAllText(path))).OrderByDescending(entry => int.Parse(entry.Version!, System.Globalization.CultureInfo.InvariantCulture))];
        string[] lines = [.. machine.GrubMenu.Split('\n').Select(line => line.Trim())];
        Assert.Equal(entries.Select(entry => $"linux /boot{entry.Linux} {entry.Options}"), lines.Where(line => line.StartsWith("linux ", StringComparison.Ordinal)));
        Assert.Equal(entries.Select(entry => $"initrd {string.Join(' ', entry.Initrds.Select(path => "/boot" + path))}"), lines.Where(line => line.StartsWith("initrd ", StringComparison.Ordinal)));
        Assert.Equal(entries.Select(entry => entry.Title), lines.Where(line => line.StartsWith("menuentry ", StringComparison.Ordinal)).Select(line => line.Split('\'')[1]));
    }
}
