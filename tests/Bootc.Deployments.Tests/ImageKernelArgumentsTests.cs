// Kernel arguments of images come and go with them; local ones stay; and users change them.
using System.Text;
using Bootc.Deployments.Boot;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class ImageKernelArgumentsTests
{
    private const string Folder = "usr/lib/bootc/kargs.d";

    [Theory]
    [InlineData("kargs = [\"console=tty0\", 'nosmt']", "console=tty0 nosmt")]
    [InlineData("# why\nkargs = [\n  \"a=1\",\n  \"b=\\\"x y\\\"\",\n]\nmatch-architectures = [\"x86_64\", \"aarch64\"]\n", "a=1 b=\"x y\"")]
    [InlineData("kargs = [\"a\"]\nmatch-architectures = [\"aarch64\"]", "")]
    [InlineData("kargs = []", "")]
    [InlineData("kargs = [\"a=1  b\", \"\"]", "a=1 b")]
    public void Files_are_read(string toml, string expected) =>
        Assert.Equal(expected, string.Join(' ', ImageKernelArguments.Parse(Encoding.UTF8.GetBytes(toml), "F", "x86_64")));

    [Theory]
    [InlineData("kargs = [\"a\"]\nfoo = 1", "F, line 2: there is no setting 'foo', only kargs and match-architectures")]
    [InlineData("match-architectures = []", "F has no kargs")]
    [InlineData("\n\nkargs = \"quiet\"", "F, line 3: kargs is no list of strings")]
    [InlineData("kargs = [\n\"a\",\n7]", "F, line 3: kargs has something in it that is no string")]
    [InlineData("kargs = [\"a\\nlinux /evil\"]", "F, line 1: 'a linux /evil' has a control character")]
    [InlineData("[kargs]\na = 1", "F, line 1: there is a table, and only kargs and match-architectures are known")]
    public void Mistakes_are_named_by_file_and_line(string toml, string error) =>
        Assert.Equal(error, Assert.Throws<DeploymentException>(() => ImageKernelArguments.Parse(Encoding.UTF8.GetBytes(toml), "F", "x86_64")).Message);

    [Theory]
    [InlineData("", "", "a b", "a b")]
    [InlineData("root=x a local b", "a b", "b c", "root=x local b c")]
    [InlineData("local", "", "", "local")]
    [InlineData("a local", "a", "", "local")]
    [InlineData("local", "a", "a", "local")]
    [InlineData("a=1 a=2", "a=1", "a=3", "a=2 a=3")]
    [InlineData("a local", "", "local b b", "a local b")]
    public void What_an_image_adds_and_removes_is_merged(string current, string before, string after, string expected) =>
        Assert.Equal(expected, string.Join(' ', ImageKernelArguments.Merge(Words(current), Words(before), Words(after))));

    [Fact]
    public void Upgrade_takes_the_images_arguments_and_keeps_local_ones()
    {
        using var host = new TestHost();
        host.Switch(Image("1", "console=tty0", "quiet").WriteTo(host.Images));
        string first = Arguments(host);
        Edit(host, new KernelArgumentsEdit { Append = ["local=1"], Delete = ["quiet"] });
        string edited = Arguments(host);
        Image("2", "console=ttyS0").WriteTo(host.Images);
        host.Upgrade();
        string second = Arguments(host);
        OsImage.Create("1").WithVersion("3").WriteTo(host.Images);
        host.Upgrade();

        Assert.Equal(["console=tty0 quiet", "console=tty0 local=1", "local=1 console=ttyS0", "local=1"], [first, edited, second, Arguments(host)]);
    }

    [Fact]
    public void Malformed_file_is_refused_before_anything_is_changed()
    {
        using var host = new TestHost();
        host.Switch(Image("1", "quiet").WriteTo(host.Images));
        string before = host.State;
        OsImage.Create("1").AddLayer(layer => Files(layer).File($"{Folder}/10-bad.toml", "kargs = [\"a\"]\nkarg = [\n")).WithVersion("2").WriteTo(host.Images);

        var refusal = Assert.Throws<DeploymentException>(() => host.Upgrade());

        Assert.StartsWith($"/{Folder}/10-bad.toml, line ", refusal.Message);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void Edit_gives_the_entries_that_libostree_writes()
    {
        Oracle.Require();
        using var ours = new TestHost();
        ours.Switch(Image("1", "a=1", "quiet", "b").WriteTo(ours.Images));
        using TestHost theirs = TestHost.CopyOf(ours);
        string commit = ours.Deployments[0].Commit.ToString();

        Edit(ours, new KernelArgumentsEdit { Append = ["c=3"], Delete = ["quiet"] });
        theirs.Ostree("admin", "deploy", "--sysroot", theirs.Path, "--os", "default", "--karg-append=c=3", "--karg-delete=quiet", commit).Succeeded();

        Assert.Equal(Entries(theirs), Entries(ours));
        Assert.Equal(2, ours.Deployments.Count);
        ours.AssertSound();
    }

    [Fact]
    public void Edit_on_a_running_host_is_staged_and_an_upgrade_keeps_it()
    {
        Oracle.Require();
        using var host = new TestHost();
        host.Switch(Image("1", "quiet").WriteTo(host.Images));
        var booted = new BootedHost(host);
        string entries = Entries(host);

        booted.Bootc("kargs", "--append=debug", "--quiet").Succeeded();
        string shown = booted.Bootc("kargs").Succeeded();
        string untouched = Entries(host);
        Image("2", "quiet", "x=1").WriteTo(host.Images);
        booted.Bootc("upgrade", "--quiet").Succeeded();
        booted.Ostree("admin", "finalize-staged").Succeeded();

        Assert.Equal("quiet debug\n", shown);
        Assert.Equal(entries, untouched);
        Assert.Equal("quiet debug x=1", Arguments(host));
        host.AssertSound();
    }

    [Theory]
    [InlineData("a=1 b", "replace", "a=2", "a=2 b")]
    [InlineData("a=1 a=2", "replace", "a=2=3", "a=1 a=3")]
    [InlineData("root=UUID=1 b", "replace", "root=UUID=2", "root=UUID=2 b")]
    [InlineData("a=1 a=2", "replace", "a=3", "the kernel argument 'a' has several values (a=1, a=2): say which one is meant")]
    [InlineData("a=1", "replace", "b=3", "there is no kernel argument 'b' to replace")]
    [InlineData("a=1 a=2", "delete", "a=2", "a=1")]
    [InlineData("a=1 b", "delete", "a", "b")]
    [InlineData("a a=1", "delete", "a", "a=1")]
    [InlineData("a=1 a=2", "delete", "a", "the kernel argument 'a' has several values (a=1, a=2): say which one is meant")]
    [InlineData("a=1", "delete", "a=2", "there is no kernel argument 'a=2' to delete")]
    [InlineData("a=1", "delete-if-present", "b", "a=1")]
    [InlineData("a=1", "append", "a=1", "a=1 a=1")]
    [InlineData("a=1", "append-if-missing", "a=1", "a=1")]
    [InlineData("a=1", "append", "a b", "'a b' is not one word of a kernel command line")]
    [InlineData("a=1", "append", "ostree=/x", "the kernel argument 'ostree' says which deployment boots, and is not changed by hand")]
    public void Words_are_edited(string current, string verb, string word, string expected)
    {
        var edit = verb switch
        {
            "append" => new KernelArgumentsEdit { Append = [word] },
            "append-if-missing" => new KernelArgumentsEdit { AppendIfMissing = [word] },
            "delete" => new KernelArgumentsEdit { Delete = [word] },
            "delete-if-present" => new KernelArgumentsEdit { DeleteIfPresent = [word] },
            _ => new KernelArgumentsEdit { Replace = [word] },
        };

        Assert.Equal(expected, Outcome(() => string.Join(' ', edit.Apply(Words(current)))));
    }

    private static string Outcome(Func<string> action)
    {
        try
        {
            return action();
        }
        catch (DeploymentException e)
        {
            return e.Message;
        }
    }

    private static OsImage Image(string version, params string[] arguments) => OsImage.Create("1")
        .AddLayer(layer => Files(layer).File($"{Folder}/10-image.toml", $"kargs = [{string.Join(", ", arguments.Select(word => $"\"{word}\""))}]\n").File($"{Folder}/README", "not TOML"))
        .WithVersion(version);

    private static OsLayer Files(OsLayer layer) => layer.Directory("usr/lib/bootc").Directory(Folder);

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Arguments(TestHost host)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        return string.Join(' ', KernelArgumentsOperation.Show(sysroot));
    }

    private static void Edit(TestHost host, KernelArgumentsEdit edit)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        new KernelArgumentsOperation(sysroot, host.Progress).Run(edit, TestContext.Current.CancellationToken);
    }

    private static string Entries(TestHost host) => string.Join('\n', Directory.GetFiles(host["boot/loader/entries"]).Order().Select(File.ReadAllText));
}
