// Packages on the system that runs, until its next boot or from then on.
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public abstract class LiveCases(LayeredHost host)
{
    // On a file system of its own, since an overlay cannot be written to another overlay, such as containers have.
    private const string Start = "mkdir -p /var/tmp; mount -t tmpfs none /var/tmp; ";

    [Fact]
    public void Packages_that_are_added_are_there_at_once_and_after_the_next_boot()
    {
        host.Start();
        BootedSysroot booted = host.Boot();

        CommandResult result = Shell(booted, """
            ! hello-layer 2> /dev/null
            $BOOTC package install --quiet --apply-live hello-layer > /dev/null
            hello-layer
            touch /usr/x 2> /dev/null || echo read-only
            $BOOTC status --format human | grep 'running system'
            $BOOTC package install --quiet --apply-live more-live > /dev/null
            more-live; hello-layer
            """);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Matches("^hello\nread-only\nThe running system has more than what was booted: commit [0-9a-f]{12}\nmore\nhello\n$", result.Output);
        Assert.Contains("Unlocked: transient", booted.RunIn(Path.Combine(Oracle.Tree, "usr"), "ostree", "admin", "status").Succeeded());
        Assert.False(File.Exists("/usr/bin/hello-layer"));
        Shell(booted, "$BOOTC internals finalize-staged").Succeeded();
        Assert.True(File.Exists(host.InDefault("usr/bin/hello-layer")));
        Assert.True(File.Exists(host.InDefault("usr/bin/more-live")));
        host.AssertSound();
    }

    [Fact]
    public void Transient_packages_are_gone_with_the_boot()
    {
        host.Start();
        BootedSysroot booted = host.Boot();
        string before = host.Default.DirectoryName;

        CommandResult result = Shell(booted, """
            $BOOTC package install --quiet --transient hello-layer > /dev/null
            hello-layer
            $BOOTC status --format human | grep 'running system'
            """);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Matches("^hello\nThe running system has more than what was booted: commit [0-9a-f]{12}, until the next boot hello-layer\n$", result.Output);
        Assert.Equal(before, host.Default.DirectoryName);
        Assert.False(host.Default.Origin.File.HasGroup("packages"));
        host.Install("hello-data"); // another boot's clean-up
        using var sysroot = Bootc.Deployments.Sysroot.Open(host.Path);
        Assert.Null(sysroot.Repository.TryResolveRef("bootc/live"));
        host.AssertSound();
    }

    [Fact]
    public void What_takes_a_reboot_is_refused_and_the_next_boot_stays_as_it_was()
    {
        host.Start();
        host.Repository.Bring("early-live", "1.0", new() { ["usr/lib/modprobe.d/early-live.conf"] = "options loop max_loop=4\n" });
        host.Install("hello-data");
        host.Repository.Bring("hello-data", "1.2", new() { ["usr/share/hello-data/data"] = "replaced\n" });
        BootedSysroot booted = host.Boot();

        CommandResult replaced = Shell(booted, "$BOOTC package refresh --quiet --apply-live");
        CommandResult kernel = Shell(booted, "$BOOTC package install --quiet --apply-live early-live");
        CommandResult removed = Shell(booted, "$BOOTC package uninstall --quiet --apply-live hello-data");

        Assert.Contains("packages that the running system has would be replaced (hello-data)", replaced.Error);
        Assert.Contains("the kernel or its initramfs would be another one", kernel.Error);
        Assert.Contains("would be replaced (hello-data removed)", removed.Error);
        Assert.Equal("data\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
        Assert.Equal("replaced\n", Shell(booted, "$BOOTC package refresh --quiet --apply-live --allow-replacement > /dev/null; cat /usr/share/hello-data/data").Output);
        Shell(booted, "$BOOTC internals finalize-staged").Succeeded();
        Assert.Equal("replaced\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
        host.Repository.Take("hello-data", "1.2");

        Assert.Contains("only the running host can be changed", host.Bootc("package", "install", "--apply-live", "hello-layer").Error);
    }

    private CommandResult Shell(BootedSysroot booted, string script)
    {
        host.Repository.Bring("more-live", "1.0", new() { ["usr/bin/more-live"] = "#!/bin/sh\necho more\n" });
        return booted.RunIn("/usr", "env", $"BOOTC={LayeredHost.Executable}", "sh", "-ec", Start + script);
    }
}
