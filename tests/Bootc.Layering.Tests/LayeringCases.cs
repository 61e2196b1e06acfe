// What holds for packages on an image, whatever it is made with.
using System.Diagnostics;
using Bootc.Deployments;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public abstract class LayeringCases(LayeredHost host)
{
    private const string Solving = "Looking for packages";
    private const string Installing = "Installing packages";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Packages_and_what_they_need_are_in_the_next_deployment_and_the_system_agrees()
    {
        host.Start();
        string before = host.Default.DirectoryName;

        Assert.Equal(OperationOutcome.Changed, host.Install("hello-layer"));

        Assert.Equal("hello\n", host.Chroot("hello-layer").Succeeded());
        Assert.Equal("data\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
        Assert.Equal("greeting = hello\n", File.ReadAllText(host.InDefault("etc/hello-layer.conf")));
        Assert.Equal("", host.Chroot($"{host.VerifyCommand} hello-data hello-layer").Succeeded());
        Assert.Equal("hello-layer;", host.Default.Origin.File.GetString("packages", "requested"));
        Assert.Equal(before, host.Deployments[1].DirectoryName);
        host.AssertSound();
    }

    [Fact]
    public void The_same_inputs_give_the_same_commit_and_what_is_there_is_not_made_again()
    {
        host.Start();
        host.Install("hello-layer");
        var first = host.Commit;

        host.Run((operation, cancellation) => operation.Reset(cancellation));
        host.Progress.Steps.Clear();
        host.Install("hello-layer"); // the deployment to fall back to has it
        Assert.Equal(first, host.Commit);
        Assert.DoesNotContain(Installing, host.Progress.Steps);

        host.Start();
        host.Switch("v2"); // nothing has it any more
        host.Switch("v1");
        host.Install("hello-layer");
        Assert.Contains(Installing, host.Progress.Steps);
        Assert.Equal(first, host.Commit);
    }

    [Fact]
    public void Another_image_gets_the_packages_too_and_a_rollback_brings_back_the_one_before_with_them()
    {
        host.Start();
        host.Install("hello-layer");
        var first = host.Commit;

        Assert.Equal(OperationOutcome.Changed, host.Switch("v2"));

        Assert.Equal("hello\n", host.Chroot("hello-layer").Succeeded());
        host.AssertSecondVersion();
        Assert.Equal("hello-layer;", host.Default.Origin.File.GetString("packages", "requested"));
        host.AssertSound();

        host.Rollback();
        Assert.Equal(first, host.Commit);
        Assert.Equal("hello-layer;", host.Default.Origin.File.GetString("packages", "requested"));
        host.AssertSound();
    }

    [Fact]
    public void A_package_that_is_gone_when_the_image_changes_stops_the_change()
    {
        host.Start();
        host.Repository.Bring("passing", "1.0");
        host.Install("passing");
        host.Repository.Take("passing", "1.0");
        string before = host.State;

        string error = Assert.ThrowsAny<DeploymentException>(() => host.Switch("v2")).Message;

        Assert.Contains("passing", error);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void Lists_signed_by_an_unknown_key_are_refused()
    {
        host.Start();
        host.Repository.MakeKey("stranger");
        host.Repository.Bring("of-a-stranger", "1.0"); // what the host never had: it is not asked for the rest
        host.Repository.Publish("stranger");
        string before = host.State;

        string error = Assert.Throws<LayeringException>(() => host.Install("of-a-stranger")).Message;
        host.Repository.Publish();

        Assert.Contains("lists of packages", error);
        Assert.Contains("key", error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void A_package_that_the_image_has_is_inactive()
    {
        host.Start();
        Assert.Contains("--allow-inactive", Assert.Throws<LayeringException>(() => host.Install(host.ImagePackage)).Message);

        host.Run((operation, cancellation) => operation.Install([host.ImagePackage], cancellation), allowInactive: true);

        Assert.Contains(host.Progress.Messages, message => message.Contains(host.ImagePackage, StringComparison.Ordinal) && message.Contains("inactive", StringComparison.Ordinal));
        using Sysroot sysroot = Sysroot.Open(host.Path);
        Assert.Equal([host.ImagePackage], PackageReport.Read(sysroot, host.Default).Inactive);
    }

    [Fact]
    public void A_dry_run_tells_what_would_be_done_and_changes_nothing()
    {
        host.Start();
        string before = host.State;
        using Sysroot sysroot = Sysroot.Open(host.Path);
        var operation = new PackageOperation(sysroot, new(), host.Progress) { DryRun = true };

        operation.Install(["hello-layer"], Cancellation);

        Assert.Equal(
            [(PackageAction.Install, "hello-data", host.FirstVersion), (PackageAction.Install, "hello-layer", host.FirstVersion)],
            operation.Transaction!.Changes.Select(change => (change.Action, change.Name, change.After)));
        Assert.All(operation.Transaction.Changes, change => Assert.True(change.Size > 0 && change.Digest is not null, change.ToString()));
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void What_was_fetched_before_is_enough_with_cache_only()
    {
        host.Start();
        host.Repository.Bring("never-fetched", "1.0");
        host.Install("hello-layer"); // fetches the lists
        host.Run((operation, cancellation) => operation.Reset(cancellation));

        Assert.Equal(OperationOutcome.Changed, host.Run((operation, cancellation) => operation.Install(["hello-data"], cancellation), cacheOnly: true));

        Assert.Equal("data\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
    }

    [Fact]
    public void Newer_packages_are_looked_for_on_demand()
    {
        host.Start();
        host.Install("hello-data");
        Assert.Equal(OperationOutcome.Unchanged, host.Refresh());

        host.Repository.Bring("hello-data", "1.1", new() { ["usr/share/hello-data/data"] = "newer\n" });
        Assert.Equal(OperationOutcome.Changed, host.Refresh());

        Assert.Equal("newer\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
        host.Repository.Take("hello-data", "1.1");
    }

    [Fact]
    public void Nothing_is_looked_at_where_neither_wish_nor_lists_changed()
    {
        host.Start();
        host.Install("hello-layer");
        host.Refresh(); // as a host of some age, with all that is compiled on the way
        string before = host.State;
        host.Progress.Steps.Clear();

        var time = Stopwatch.StartNew();
        OperationOutcome outcome = host.Refresh();

        TestContext.Current.TestOutputHelper?.WriteLine($"package refresh with unchanged inputs: {time.ElapsedMilliseconds} ms");
        Assert.Equal(OperationOutcome.Unchanged, outcome);
        Assert.Empty(host.Progress.Steps);
        Assert.True(time.ElapsedMilliseconds < 1000, $"it took {time.ElapsedMilliseconds} ms");
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void An_upgrade_brings_newer_packages_on_the_same_image()
    {
        host.Start();
        host.Install("hello-data");
        host.Progress.Steps.Clear();
        Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
        Assert.DoesNotContain(Solving, host.Progress.Steps);
        string first = host.Default.DirectoryName;

        host.Repository.Bring("hello-data", "1.1", new() { ["usr/share/hello-data/data"] = "newer\n" });
        try
        {
            string said = host.Bootc("upgrade", "--check").Succeeded();
            Assert.Contains($"hello-data  {host.FirstVersion} -> {host.FirstVersion.Replace("1.0", "1.1")}\n", said);

            Assert.Equal(OperationOutcome.Changed, host.Upgrade());
            Assert.Equal("newer\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
            Assert.Equal(first, host.Deployments[1].DirectoryName);
            Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
            host.AssertSound();
        }
        finally
        {
            host.Repository.Take("hello-data", "1.1");
        }
    }

    [Fact]
    public void Settings_of_the_package_system_are_inputs()
    {
        host.Start();
        host.Install("hello-data");
        (string name, string text) = host.FurtherSettings;
        string file = host.InDefault($"etc/{name}");
        byte[]? before = File.Exists(file) ? File.ReadAllBytes(file) : null;
        File.WriteAllText(file, text);
        host.Progress.Steps.Clear();

        host.Refresh();

        Assert.Contains(Solving, host.Progress.Steps);
        if (before is null)
        {
            File.Delete(file);
        }
        else
        {
            File.WriteAllBytes(file, before);
        }
    }

    // By a server as mirrors are.
    [Fact]
    public void A_repository_on_the_network_is_asked_whether_anything_is_newer()
    {
        host.Start();
        using var server = new FileServer(host.Repository.Path);
        string original = File.ReadAllText(Sources());
        File.WriteAllText(Sources(), original.Replace($"file://{host.Repository.Path}", server.Address).Replace($"file:{host.Repository.Path}", server.Address));
        string changed = File.ReadAllText(Sources());
        host.Install("hello-data");
        File.WriteAllText(Sources(), changed);
        host.Refresh();
        host.Progress.Steps.Clear();
        string before = server.Log;

        Assert.Equal(OperationOutcome.Unchanged, host.Refresh());

        Assert.Empty(host.Progress.Steps);
        Assert.Contains($"\"GET /{host.ListsFile} HTTP/1.1\"", server.Log[before.Length..]);
        Thread.Sleep(1100); // HTTP knows whole seconds
        host.Repository.Publish();
        host.Refresh();
        Assert.Contains(Solving, host.Progress.Steps);
        File.WriteAllText(Sources(), original);

        string Sources() => host.InDefault($"etc/{host.SourcesFile}");
    }

    [Fact]
    public void Packages_are_found_by_words_of_their_names_and_descriptions()
    {
        host.Start();

        Assert.Equal("  hello-data  hello-data for a test\n  hello-layer  hello-layer for a test\n", host.Bootc("package", "search", "hello", "for a test").Succeeded());
        Assert.Equal("  hello-data  hello-data for a test\n", host.Bootc("package", "search", "--cache-only", "hello-data").Succeeded());
        Assert.StartsWith($"● {host.ImagePackage}  ", host.Bootc("package", "search", "--cache-only", host.ImagePackage).Succeeded().Split('\n').Single(line => line.Contains($" {host.ImagePackage}  ", StringComparison.Ordinal)));
        CommandResult none = host.Bootc("package", "search", "--cache-only", "hello", "there-is-no-such-thing");
        Assert.Equal((1, "No package has all of that.\n"), (none.ExitCode, none.Error));
    }

    [Fact]
    public void The_command_shows_what_it_does_and_what_the_host_has()
    {
        host.Start();
        string planned = host.Bootc("package", "install", "--dry-run", "hello-layer").Succeeded();
        Assert.Matches("PACKAGE +CHANGE +BEFORE +AFTER +SIZE\nhello-data +added +- +1\\.", planned);
        Assert.Contains("Nothing is added", host.Bootc("package", "list").Succeeded());

        host.Bootc("package", "install", "-q", "hello-layer").Succeeded();
        Assert.Contains($"added     hello-data  {host.FirstVersion}  (needed by others)\nadded     hello-layer  {host.FirstVersion}\n", host.Bootc("package", "list").Succeeded());
        Assert.Contains("  added: hello-layer\n", host.Bootc("status", "--format", "human").Succeeded());
        Assert.DoesNotContain("hello-layer", host.Bootc("status", "--format", "json").Succeeded());
        Assert.Contains(" install ", host.Bootc("package", "export-containerfile").Succeeded());

        CommandResult failed = host.Bootc("package", "uninstall", "unknown");
        Assert.Equal((1, "error: unknown is not among the packages that were added to the image (hello-layer)\n"), (failed.ExitCode, failed.Error));
    }
}
