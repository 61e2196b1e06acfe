// On a running host nothing that boots changes before shutdown: deployments are staged, in libostree's format.
using System.Text.Json.Nodes;
using Bootc.Ostree.GVariant;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class StagedDeploymentTests
{
    [Fact]
    public void Upgrade_is_staged_and_libostree_finalizes_it()
    {
        using TestHost host = Installed(out BootedHost booted);
        File.WriteAllText(host[host.Deployments[0].Path + "/etc/motd"], "mine");
        string entries = Entries(host);

        booted.Bootc("upgrade", "--quiet").Succeeded();
        string listed = booted.Ostree("admin", "status").Succeeded();
        string untouched = Entries(host);
        booted.Ostree("admin", "finalize-staged").Succeeded();

        Assert.Matches("^  default [0-9a-f]{64}\\.0 \\(staged\\)", listed);
        Assert.Contains("\n* default ", listed);
        Assert.Equal(entries, untouched);
        Assert.Equal(["Test OS 2 (ostree:0)", "Test OS 1 (ostree:1)"], host.Deployments.Select(deployment => deployment.Entry.Title));
        Assert.Equal("mine", File.ReadAllText(host[host.Deployments[0].Path + "/etc/motd"]));
        host.AssertSound();
    }

    [Fact]
    public void Record_equals_that_of_libostree()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet").Succeeded();
        byte[] ours = booted.StagedRecord;

        StageByLibostree(host, booted);

        Assert.Equal(Convert.ToHexString(booted.StagedRecord), Convert.ToHexString(ours));
    }

    [Fact]
    public void What_programs_note_in_boot_entries_goes_along_and_libostree_has_it_too()
    {
        const string Set = "set-options-for-source";
        using TestHost host = Installed(out BootedHost booted);
        string[] Noted(int deployment) => [.. host.Deployments[deployment].Entry.ToString().Split('\n').Where(line => line.StartsWith("x-", StringComparison.Ordinal)).Order()];
        string Options(int deployment) => host.Deployments[deployment].Entry.Options!;

        // By us, finalized by libostree.
        booted.Bootc("loader-entries", Set, "--source", "tuned", "--options", "isolcpus=1-3 nohz=on").Succeeded();
        booted.Bootc("loader-entries", Set, "--source", "dracut", "--options", "rd.driver.pre=vfio-pci nohz=on").Succeeded();
        byte[] record = booted.StagedRecord;
        booted.Ostree("admin", "finalize-staged").Succeeded();
        Assert.Contains("bootconfig-extra", System.Text.Encoding.Latin1.GetString(record));
        Assert.Equal(["x-options-source-dracut rd.driver.pre=vfio-pci nohz=on", "x-options-source-tuned isolcpus=1-3 nohz=on"], Noted(0));
        Assert.Matches("isolcpus=1-3 nohz=on rd.driver.pre=vfio-pci ", Options(0) + " ");

        // They go along with an upgrade, and with what libostree stages: the record is the same.
        booted = new BootedHost(host);
        booted.Bootc("upgrade", "--quiet").Succeeded();
        byte[] ours = booted.StagedRecord;
        StageByLibostree(host, booted);
        Assert.Equal(Split(booted.StagedRecord), Split(ours));
        booted.Bootc("loader-entries", Set, "--source", "tuned", "--options", "isolcpus=0-7").Succeeded();
        Assert.Equal("The kernel arguments of tuned are unchanged\n", booted.Bootc("loader-entries", Set, "--source", "tuned", "--options", "isolcpus=0-7").Succeeded());
        booted.Bootc("internals", "finalize-staged").Succeeded();
        Assert.Equal(["x-options-source-dracut rd.driver.pre=vfio-pci nohz=on", "x-options-source-tuned isolcpus=0-7"], Noted(0));
        Assert.Matches("nohz=on rd.driver.pre=vfio-pci ostree=[^ ]* isolcpus=0-7$|nohz=on rd.driver.pre=vfio-pci isolcpus=0-7", Options(0));
        Assert.DoesNotContain("isolcpus=1-3", Options(0));

        // And they are taken back.
        booted = new BootedHost(host);
        booted.Bootc("loader-entries", Set, "--source", "tuned").Succeeded();
        booted.Bootc("internals", "finalize-staged").Succeeded();
        Assert.Equal(["x-options-source-dracut rd.driver.pre=vfio-pci nohz=on"], Noted(0));
        Assert.DoesNotContain("isolcpus", Options(0));
        host.AssertSound();

        // What is noted has no order in libostree's record.
        static (string Noted, string Others) Split(byte[] record)
        {
            VariantDictionary fields = VariantDictionary.Parse(record);
            string noted = string.Join('\n', fields.TryGet("bootconfig-extra")!.Value.AsArray().Select(entry => entry.AsTuple()).Select(entry => $"{entry[0].AsString()} {entry[1].AsString()}").Order());
            fields.Remove("bootconfig-extra");
            return (noted, Convert.ToHexString(fields.Serialize()));
        }
    }

    [Theory]
    [InlineData("", "x=1", "'' is no name of a source of kernel arguments: it has letters, digits, hyphens and underscores only")]
    [InlineData("a b", "x=1", "'a b' is no name of a source of kernel arguments: it has letters, digits, hyphens and underscores only")]
    [InlineData("tuned", "ostree=/x", "the kernel argument 'ostree' says which deployment boots, and no source sets it")]
    public void Sources_that_make_no_sense_are_refused(string source, string options, string expected)
    {
        using var host = new TestHost();

        CommandResult result = BootcProgram.Run("loader-entries", "set-options-for-source", "--source", source, "--options", options, "--sysroot", host.Path);

        Assert.Equal((1, $"error: {expected}\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void Status_tells_staged_and_booted_apart()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet").Succeeded();

        string document = booted.Bootc("status", "--format", "json").Succeeded();

        JsonNode status = JsonNode.Parse(document)!["status"]!;
        Assert.Empty(JsonSchema.Load(TestData.Get("bootc/host-v1.schema.json")).Check(document));
        Assert.Equal(("2", "1", "bootcHost"), ((string?)status["staged"]!["image"]!["version"], (string?)status["booted"]!["image"]!["version"], (string?)status["type"]));
    }

    [Fact]
    public void Deployment_that_libostree_staged_is_known()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Ostree("admin", "deploy", "--stage", "--os", "default", "--karg=quiet", host.Deployments[0].Commit.ToString()).Succeeded();

        JsonNode status = Status(booted);

        Assert.Equal((1, 0), ((int)status["staged"]!["ostree"]!["deploySerial"]!, (int)status["booted"]!["ostree"]!["deploySerial"]!));
    }

    [Fact]
    public void Rollback_discards_what_is_staged_and_can_be_taken_back()
    {
        Oracle.Require();
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();
        var booted = new BootedHost(host);
        OsImage.Create("1").WithVersion("3").WriteTo(host.Images);
        booted.Bootc("upgrade", "--quiet").Succeeded();

        booted.Bootc("rollback", "--quiet").Succeeded();
        string[] rolledBack = [.. host.Deployments.Select(deployment => deployment.Entry.Title!)];
        bool isQueued = (bool)Status(booted)["rollbackQueued"]!;
        booted.Bootc("rollback", "--quiet").Succeeded();

        Assert.Equal(["Test OS 1 (ostree:0)", "Test OS 2 (ostree:1)"], rolledBack);
        Assert.True(isQueued);
        Assert.Equal(["Test OS 2 (ostree:0)", "Test OS 1 (ostree:1)"], host.Deployments.Select(deployment => deployment.Entry.Title));
        Assert.False(File.Exists(Path.Combine(booted.Run, "ostree/staged-deployment")));
        host.AssertSound();
    }

    [Fact]
    public void Failure_at_shutdown_is_told_by_the_next_boot_and_libostree_reads_it()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet").Succeeded();
        string etc = host[host.Deployments[0].Path + "/etc"];
        File.Delete(Path.Combine(etc, "app.d/a.conf"));
        File.Delete(Path.Combine(etc, "motd"));
        File.WriteAllText(Path.Combine(etc, "app.d/dir"), "a file here, a directory there");
        string entries = Entries(host);
        string staged = host[$"ostree/deploy/default/deploy/{Status(booted)["staged"]!["ostree"]!["checksum"]}.0"];
        Directory.CreateDirectory(Path.Combine(staged, "etc/app.d/dir"));

        var finalize = booted.Bootc("internals", "finalize-staged");
        const string Why = "/etc/app.d/dir was changed on this host and is a directory in the new image; the two cannot be merged, move one of them away";
        string libostree = booted.Ostree("admin", "boot-complete").Error;
        booted.Bootc("internals", "finalize-staged").Succeeded(); // there is nothing any more
        File.WriteAllText(host["boot/ostree/finalize-failure.stamp"], Why);
        string? waiting = (string?)Status(booted)["finalizationFailure"];
        var complete = booted.Bootc("internals", "boot-complete");

        Assert.Equal((1, $"error: {Why}\n"), (finalize.ExitCode, finalize.Error));
        Assert.Contains($"failed on previous boot: {Why}", libostree);
        Assert.Equal((1, $"error: the staged deployment was not finalized at the shutdown before: {Why}\n"), (complete.ExitCode, complete.Error));
        Assert.Equal((Why, Why), (waiting, (string?)Status(booted)["finalizationFailure"]));
        Assert.Equal(entries, Entries(host));
        Assert.False(File.Exists(host["boot/ostree/finalize-failure.stamp"]));
        booted.Bootc("internals", "boot-complete").Succeeded();
    }

    [Fact]
    public void Reboot_of_user_space_alone_is_refused_with_the_reason()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("kargs", "--quiet", "--append=debug").Succeeded();

        CommandResult automatic = booted.Bootc("upgrade", "--quiet", "--soft-reboot=auto");
        CommandResult required = booted.Bootc("upgrade", "--quiet", "--soft-reboot=required"); // staged already, which does not matter
        CommandResult waiting = booted.Bootc("upgrade", "--download-only", "--soft-reboot=auto");

        Assert.Equal((0, "The next reboot is a full one: its kernel arguments are other ones\n"), (automatic.ExitCode, automatic.Output));
        Assert.Equal(1, required.ExitCode);
        Assert.Matches("^error: [0-9a-f]{64}\\.0 boots next, but a soft reboot does not reach it: its kernel arguments are other ones\n$", required.Error);
        Assert.Equal(2, waiting.ExitCode);
        Assert.StartsWith("error: --download-only and --soft-reboot exclude each other\n", waiting.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Released_update_waits_for_nothing_more()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet", "--download-only").Succeeded();

        string released = booted.Bootc("upgrade", "--from-downloaded").Succeeded();
        string again = booted.Bootc("upgrade", "--from-downloaded").Succeeded();

        Assert.Contains("The staged update is released for the next boot", released, StringComparison.Ordinal);
        Assert.Contains("The staged update waits for nothing but the next boot", again, StringComparison.Ordinal);
    }

    [Fact]
    public void Downloaded_update_stays_wherever_its_release_is_killed()
    {
        Peer.Require("strace");
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet", "--download-only").Succeeded();
        byte[] waiting = booted.StagedRecord;
        string record = Path.Combine(booted.Run, "ostree/staged-deployment");
        int killed = 0;
        foreach (string calls in new[] { "rename,renameat,renameat2", "unlink,unlinkat" })
        {
            CommandResult run;
            int number = 0;
            do
            {
                File.WriteAllBytes(record, waiting);
                File.WriteAllText(record + "-locked", ""); // as older releases of libostree lock it
                run = booted.Shell($"exec strace -f -o /dev/null -e trace={calls} -e inject={calls}:signal=KILL:when={++number} $BOOTC upgrade --quiet --from-downloaded");
                killed += run.ExitCode == 0 ? 0 : 1;
                Assert.True(File.Exists(record), $"killed at {calls} {number}");
            }
            while (run.ExitCode != 0 && number < 20);
        }

        Assert.InRange(killed, 2, 20);
        booted.Bootc("internals", "finalize-staged").Succeeded();
        Assert.Equal("Test OS 2 (ostree:0)", host.Deployments[0].Entry.Title);
    }

    [Fact]
    public void What_goes_wrong_after_it_is_staged_takes_nothing_back()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet").Succeeded();
        string etc = $"/ostree/deploy/default/deploy/{Status(booted)["staged"]!["ostree"]!["checksum"]}.0/etc";

        CommandResult result = booted.Shell($"mount -t tmpfs none {etc}; exec $BOOTC kargs --append=debug"); // so that the one before cannot be removed

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(etc, result.Error, StringComparison.Ordinal);
        booted.Bootc("internals", "finalize-staged").Succeeded();
        AssertUpdateAndChangeBoot(host);
    }

    [Fact]
    public void Change_on_top_of_a_downloaded_update_waits_with_it_and_says_so()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet", "--download-only").Succeeded();
        byte[] downloaded = booted.StagedRecord;

        CommandResult atOnce = booted.Bootc("kargs", "--append=debug", "--apply");
        byte[] afterwards = booted.StagedRecord;
        string said = booted.Bootc("kargs", "--append=debug").Succeeded();
        booted.Bootc("internals", "finalize-staged").Succeeded();
        string?[] held = [.. host.Deployments.Select(deployment => deployment.Entry.Title)];
        booted.Bootc("upgrade", "--from-downloaded").Succeeded();
        booted.Bootc("internals", "finalize-staged").Succeeded();

        Assert.Equal(1, atOnce.ExitCode);
        Assert.Equal("error: a downloaded update waits to be released, and the change would wait with it: without --apply, then 'bootc upgrade --from-downloaded --apply' boots both\n", atOnce.Error);
        Assert.Equal(downloaded, afterwards);
        Assert.Contains("Staged, waiting to be released by 'bootc upgrade --from-downloaded': kernel arguments ", said, StringComparison.Ordinal);
        Assert.Equal(["Test OS 1 (ostree:0)"], held);
        AssertUpdateAndChangeBoot(host);
    }

    [Fact]
    public void Change_that_is_queued_is_not_held_back_by_a_download()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("kargs", "--quiet", "--append=debug").Succeeded();
        byte[] queued = booted.StagedRecord;

        CommandResult download = booted.Bootc("upgrade", "--quiet", "--download-only");
        byte[] afterwards = booted.StagedRecord;
        booted.Bootc("upgrade", "--quiet").Succeeded();
        byte[] both = booted.StagedRecord;
        string again = booted.Bootc("upgrade", "--download-only").Succeeded();

        Assert.Equal((1, "error: a change waits for the next boot, and a newer image that waits to be released would hold it back: reboot first, or let 'bootc upgrade' queue both\n"), (download.ExitCode, download.Error));
        Assert.Equal(queued, afterwards);
        Assert.Contains(" is staged already, and boots next", again, StringComparison.Ordinal);
        Assert.Equal(both, booted.StagedRecord);
        booted.Bootc("internals", "finalize-staged").Succeeded();
        AssertUpdateAndChangeBoot(host);
    }

    [Fact]
    public void Upgrade_follows_the_image_that_was_switched_to_before_the_reboot()
    {
        using TestHost host = Installed(out BootedHost booted);
        Switch(booted, OsImage.Create("3").WriteTo(host.Images, "two"));
        byte[] switched = booted.StagedRecord;
        string unchanged = booted.Bootc("upgrade").Succeeded();
        byte[] afterwards = booted.StagedRecord;
        string nothingNew = booted.Bootc("upgrade", "--check").Succeeded();
        OsImage.Create("4").WriteTo(host.Images, "two");

        string checkedFor = booted.Bootc("upgrade", "--check").Succeeded();
        booted.Bootc("upgrade", "--quiet").Succeeded();
        booted.Bootc("internals", "finalize-staged").Succeeded();

        Assert.Contains(" is staged already", unchanged, StringComparison.Ordinal);
        Assert.Equal(switched, afterwards);
        Assert.Matches("^No changes in: .*:two\n$", nothingNew);
        Assert.Matches("^Update available for: .*:two\n", checkedFor);
        Assert.Equal(["Test OS 4 (ostree:0)", "Test OS 1 (ostree:1)"], host.Deployments.Select(deployment => deployment.Entry.Title));
        Assert.EndsWith(":two", host.Deployments[0].Origin.Image!.Image.Name, StringComparison.Ordinal);
        host.AssertSound();
    }

    [Fact]
    public void Switch_back_to_what_runs_discards_what_was_switched_to()
    {
        Oracle.Require();
        using var host = new TestHost();
        WrittenImage one = OsImage.Create("1").WriteTo(host.Images);
        host.Switch(one);
        var booted = new BootedHost(host);
        Switch(booted, OsImage.Create("2").WriteTo(host.Images, "two"));

        string back = Switch(booted, one);
        booted.Bootc("internals", "finalize-staged").Succeeded();

        Assert.Contains("What was staged is discarded, and the running image boots next: ", back, StringComparison.Ordinal);
        Assert.Equal("Test OS 1 (ostree:0)", Assert.Single(host.Deployments).Entry.Title);
        Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
        host.AssertSound();
    }

    [Fact]
    public void Switch_back_to_what_runs_keeps_other_changes_for_the_next_boot()
    {
        Oracle.Require();
        using var host = new TestHost();
        WrittenImage one = OsImage.Create("1").WriteTo(host.Images);
        host.Switch(one);
        var booted = new BootedHost(host);
        Switch(booted, OsImage.Create("2").WriteTo(host.Images, "two"));
        booted.Bootc("kargs", "--quiet", "--append=debug").Succeeded();

        Switch(booted, one);
        booted.Bootc("internals", "finalize-staged").Succeeded();

        Assert.Equal(["Test OS 1 (ostree:0)", "Test OS 1 (ostree:1)"], host.Deployments.Select(deployment => deployment.Entry.Title));
        Assert.EndsWith(" debug", host.Deployments[0].Entry.Options!, StringComparison.Ordinal);
        host.AssertSound();
    }

    [Fact]
    public void Image_that_is_changed_in_place_is_followed_by_what_is_staged_as_well()
    {
        using TestHost host = Installed(out BootedHost booted);
        booted.Bootc("upgrade", "--quiet").Succeeded();
        WrittenImage two = OsImage.Create("3").WriteTo(host.Images, "two");

        Switch(booted, two, "--mutate-in-place");
        booted.Bootc("upgrade", "--quiet").Succeeded();
        booted.Bootc("internals", "finalize-staged").Succeeded();

        Assert.Equal(["Test OS 3 (ostree:0)", "Test OS 1 (ostree:1)"], host.Deployments.Select(deployment => deployment.Entry.Title));
        Assert.All(host.Deployments, deployment => Assert.Equal(two.Reference, deployment.Origin.Image!.Image.ToString()));
    }

    private static void AssertUpdateAndChangeBoot(TestHost host)
    {
        Assert.Equal("Test OS 2 (ostree:0)", host.Deployments[0].Entry.Title);
        Assert.EndsWith(" debug", host.Deployments[0].Entry.Options!, StringComparison.Ordinal);
    }

    private static string Switch(BootedHost booted, WrittenImage image, params string[] options) =>
        booted.Bootc(["switch", .. options, "--transport", "oci", image.Reference["oci:".Length..]]).Succeeded();

    private static TestHost Installed(out BootedHost booted)
    {
        Oracle.Require();
        var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        booted = new BootedHost(host);
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        return host;
    }

    // What we staged, once more.
    private static void StageByLibostree(TestHost host, BootedHost booted)
    {
        JsonNode staged = Status(booted)["staged"]!["ostree"]!;
        string origin = host.Beside("origin");
        File.Copy(host[$"ostree/deploy/default/deploy/{staged["checksum"]}.0.origin"], origin);
        booted.Ostree("admin", "undeploy", "0").Succeeded();
        booted.Ostree("admin", "deploy", "--stage", "--os", "default", "--origin-file", origin, (string)staged["checksum"]!).Succeeded();
    }

    private static JsonNode Status(BootedHost booted) => JsonNode.Parse(booted.Bootc("status", "--format", "json").Succeeded())!["status"]!;

    private static string Entries(TestHost host) => string.Join('\n', Directory.GetFiles(host["boot/loader/entries"]).Order().Select(File.ReadAllText));
}
