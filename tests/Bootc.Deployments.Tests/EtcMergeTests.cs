// What users changed in /etc is in the /etc of the next deployment, as `ostree admin deploy` has it, or kinder where that gives up.
using Bootc.Deployments.Etc;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class EtcMergeTests
{
    // What is tried, a script of the user's changes, and one of what the new image changes in its defaults.
    private static readonly (string Name, string Change, string NewDefaults)[] Cases =
    [
        ("nothing changed, new default", "true", "echo new > motd"),
        ("changed file keeps the user's content", "echo mine > motd", "echo theirs > motd"),
        ("changed mode alone", "chmod 600 motd", "echo theirs > motd"),
        ("changed owner alone", "chown 12:34 motd", "true"),
        ("added file", "echo x > added", "true"),
        ("added file that the image adds too", "echo mine > added", "echo theirs > added"),
        ("added directory with content", "mkdir -p new/deep; echo x > new/deep/f; chmod 711 new", "true"),
        ("added empty directory", "mkdir empty", "true"),
        ("added directory that the image adds too", "mkdir both; echo a > both/a; echo mine > both/c", "mkdir both; echo b > both/b; echo theirs > both/c"),
        ("removed file", "rm motd", "true"),
        ("removed file that the image changes", "rm motd", "echo theirs > motd"),
        ("removed directory", "rm -r app.d", "echo 3 > app.d/c.conf"),
        ("removed file in a directory", "rm app.d/a.conf", "echo 3 > app.d/c.conf"),
        ("symbolic link added, changed and removed", "ln -s motd link; ln -sfn b current; rm alias", "true"),
        ("file becomes a link", "ln -sf /usr/share/zoneinfo/UTC motd", "echo theirs > motd"),
        ("link becomes a file", "rm current; echo file > current", "true"),
        ("file becomes a directory", "rm motd; mkdir motd; echo x > motd/f", "true"),
        ("image drops a file that was not touched", "true", "rm motd"),
        ("image drops a file that was changed", "echo mine > motd", "rm motd"),
        ("image drops a directory in which a file was changed", "echo mine > app.d/a.conf", "rm -r app.d"),
        ("image drops a directory that was not touched", "true", "rm -r app.d"),
        ("image makes a link of a file that was changed", "echo mine > motd", "ln -sf app.d/a.conf motd"),
        ("image makes a link of a directory that was not touched", "true", "rm -r app.d; ln -s /usr/lib app.d"),
        ("extended attributes alone do not count", "setfattr -n user.note -v mine motd", "echo theirs > motd"),
        ("extended attributes come with changed files", "echo mine > motd; setfattr -n user.note -v mine motd", "true"),
        ("setuid and odd names", "echo x > 'a b'; chmod 4755 'a b'; echo y > 'zwölf'; touch -- -n", "true"),
        ("hard links", "echo x > one; ln one two", "true"),
        ("content of the same size", "printf 'welcome\\n' > motd", "true"),
    ];

    // Each case has a directory of its own in /etc, so that one deployment shows them all.
    [Fact]
    public void Merge_equals_that_of_libostree()
    {
        Oracle.Require();
        Peer.Require("setfattr");
        using var ours = Deployed();
        using var theirs = Deployed();
        foreach (TestHost host in new[] { ours, theirs })
        {
            RunCases(EtcOf(host), test => test.Change);
        }

        string next = CommitNext(ours, etc => RunCases(etc, test => test.NewDefaults));
        theirs.Ostree("pull-local", "--repo", theirs["ostree/repo"], ours["ostree/repo"], next).Succeeded();
        DeployByUs(ours, next);
        theirs.Ostree("admin", "deploy", "--sysroot", theirs.Path, "--os", "default", next).Succeeded();

        Assert.Equal(theirs.Deployments[0].DirectoryName, ours.Deployments[0].DirectoryName);
        Assert.All(Cases, (test, i) => Assert.True(
            EtcListing(theirs, i) == EtcListing(ours, i),
            $"{test.Name}:\n--- libostree\n{EtcListing(theirs, i)}\n--- ours\n{EtcListing(ours, i)}"));
    }

    [Theory]
    [InlineData("echo mine > motd", "rm motd; mkdir motd; echo x > motd/f", "/etc/0/motd was changed on this host and is a directory in the new image")]
    [InlineData("rm -r app.d; echo file > app.d", "true", "/etc/0/app.d was changed on this host and is a directory in the new image")]
    public void What_cannot_be_merged_is_refused_as_libostree_does(string change, string newDefaults, string expected)
    {
        Oracle.Require();
        using var host = Deployed();
        RunScript(EtcOf(host), $"cd 0; {change}");
        string next = CommitNext(host, etc => RunScript(etc, $"cd 0; {newDefaults}"));
        string before = TreeListing.Of(host.Path, "ostree/repo", "ostree/lock");

        var refusal = Assert.Throws<DeploymentException>(() => DeployByUs(host, next));

        Assert.StartsWith(expected, refusal.Message);
        Assert.Equal(before, TreeListing.Of(host.Path, "ostree/repo", "ostree/lock"));
        Assert.NotEqual(0, host.Ostree("admin", "deploy", "--sysroot", host.Path, "--os", "default", next).ExitCode);
    }

    [Fact]
    public void Differences_equal_those_that_libostree_lists()
    {
        Oracle.Require();
        Peer.Require("setfattr");
        using var host = Deployed();
        RunCases(EtcOf(host), test => test.Change);
        string listed = host.Ostree("admin", "config-diff", "--sysroot", host.Path, "--os", "default").Succeeded();

        CommandResult ours = BootcProgram.Run("config-diff", "--sysroot", host.Path);

        Assert.Equal(listed.Split('\n').Order(StringComparer.Ordinal), ours.Succeeded().Split('\n').Order(StringComparer.Ordinal));
        Assert.Contains("\nD    9/motd\n", ours.Output);
    }

    [Fact]
    public void Changed_mode_of_a_directory_is_kept_which_libostree_loses()
    {
        using TestDirectory test = Trees("mkdir sub; chmod 755 sub", "chmod 700 sub", "mkdir sub; chmod 755 sub");

        Merge(test);

        Assert.Equal("700", Peer.Run("stat", "-c", "%a", test["to/etc/sub"]).Succeeded().Trim());
    }

    [Fact]
    public void Named_pipe_is_kept_which_libostree_leaves_out()
    {
        using TestDirectory test = Trees("true", "mkfifo -m 640 pipe", "true");

        Merge(test);

        Assert.Equal("fifo 640", Peer.Run("stat", "-c", "%F %a", test["to/etc/pipe"]).Succeeded().Trim());
    }

    [Fact]
    public void Changed_file_below_a_directory_that_became_a_file_is_kept()
    {
        using TestDirectory test = Trees("mkdir sub; echo a > sub/a; echo b > sub/b", "echo mine > sub/a", "echo file > sub");

        Merge(test);

        Assert.Equal(["a"], Directory.GetFileSystemEntries(test["to/etc/sub"]).Select(Path.GetFileName));
        Assert.Equal("mine\n", File.ReadAllText(test["to/etc/sub/a"]));
    }

    [Fact]
    public void Links_are_not_followed_out_of_etc()
    {
        using TestDirectory test = Trees("echo x > passwd", "mkdir sub; echo mine > sub/f", "true");
        Directory.CreateDirectory(test["outside"]);
        Directory.CreateSymbolicLink(test["to/etc/sub"], test["outside"]);

        Merge(test);

        Assert.Empty(Directory.GetFileSystemEntries(test["outside"]));
        Assert.Equal("mine\n", File.ReadAllText(test["to/etc/sub/f"]));
        Assert.Null(new FileInfo(test["to/etc/sub"]).LinkTarget);
    }

    private static void Merge(TestDirectory test)
    {
        using DirectoryHandle from = DirectoryHandle.Open(test["from"]);
        using DirectoryHandle to = DirectoryHandle.Open(test["to"]);
        EtcMerge.Run(from, to);
    }

    private static TestDirectory Trees(string defaults, string change, string newDefaults)
    {
        Peer.RequireRoot("owners are set");
        var test = new TestDirectory();
        Peer.Run("sh", "-ec", $"""
            cd "$0"; mkdir -p from/usr/etc to/etc
            cd from/usr/etc; {defaults}
            cd ../..; cp -a usr/etc etc; cd etc; {change}
            cd ../../to/etc; {newDefaults}
            """, test.Path).Succeeded();
        return test;
    }

    private static TestHost Deployed()
    {
        var host = new TestHost();
        OsImage image = OsImage.Create("1").AddLayer(layer =>
        {
            for (int i = 0; i < Cases.Length; i++)
            {
                layer.Directory($"etc/{i}").File($"etc/{i}/motd", "Welcome\n").SymbolicLink($"etc/{i}/current", "a").SymbolicLink($"etc/{i}/alias", "motd")
                    .Directory($"etc/{i}/app.d").File($"etc/{i}/app.d/a.conf", "a=1\n").File($"etc/{i}/app.d/b.conf", "b=1\n");
            }
        });
        host.Switch(image.WriteTo(host.Images));
        return host;
    }

    private static void RunCases(string etc, Func<(string Name, string Change, string NewDefaults), string> script) =>
        RunScript(etc, string.Concat(Cases.Select((test, i) => $"(cd {i}; {script(test)})\n")));

    private static void RunScript(string folder, string script) => Peer.Run("sh", "-ec", $"cd \"$0\"\n{script}", folder).Succeeded();

    private static string CommitNext(TestHost host, Action<string> changeDefaults)
    {
        string tree = host.Beside("tree");
        host.Ostree("checkout", "--repo", host["ostree/repo"], "-H", host.Deployments[0].Commit.ToString(), tree).Succeeded();

        // Hard links of objects must not be written to.
        RunScript(tree, "cd usr; cp -a etc etc.new; rm -r etc; mv etc.new etc");
        changeDefaults(Path.Combine(tree, "usr/etc"));
        return host.Ostree("commit", "--repo", host["ostree/repo"], "-b", "next", tree).Succeeded().Trim();
    }

    private static void DeployByUs(TestHost host, string commit)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        Deployment merge = sysroot.Default!;
        Deployment made = sysroot.Deploy(new DeployRequest { Stateroot = "default", Commit = Bootc.Ostree.Objects.Checksum.Parse(commit), Origin = new Origin(), Merge = merge });
        sysroot.WriteDeployments(sysroot.ListWith(made, merge, retain: false));
    }

    private static string EtcOf(TestHost host) => host[host.Deployments[0].Path + "/etc"];

    private static string EtcListing(TestHost host, int test)
    {
        string folder = $"{EtcOf(host)}/{test}";
        return TreeListing.Of(folder) + Peer.Run("sh", "-c", "cd \"$0\"; getfattr -R -h -d . 2>/dev/null", folder).Output;
    }
}
