// Images that bring an SELinux policy along: their files are labelled as libostree labels them.
using System.Text;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class SELinuxTests
{
    private const string Config = "# comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n";
    private const string Contexts = """
        # what a distribution's policy looks like
        /.*	system_u:object_r:default_t:s0
        /[^/]+	--	system_u:object_r:etc_runtime_t:s0
        /	-d	system_u:object_r:root_t:s0
        /bin	-l	system_u:object_r:bin_t:s0
        /usr(/.*)?	system_u:object_r:usr_t:s0
        /etc(/.*)?	system_u:object_r:etc_t:s0
        /etc/.*\.conf	--	system_u:object_r:conf_t:s0
        /etc/(motd|issue)	--	system_u:object_r:motd_t:s0
        /usr/(s)?bin(/.*)?	system_u:object_r:bin_t:s0
        /usr/bin/hell[a-p]	--	system_u:object_r:hello_exec_t:s0
        /usr/lib(64)?/modules(/.*)?	system_u:object_r:modules_object_t:s0
        /usr/lib/modules/[^/]+/vmlinuz	--	system_u:object_r:kernel_t:s0
        /usr/lib/systemd/.*\.(service|socket|t.*er)	--	system_u:object_r:unit_t:s0
        /usr/lib/ostree	-d	system_u:object_r:ostree_dir_t:s0
        /usr/lib/ostree/prepare-root\.conf	system_u:object_r:exact_t:s0
        /usr/share/a+b?c{2}x*/[[:digit:]]+	--	system_u:object_r:odd_t:s0
        /usr/share/caf..	--	system_u:object_r:bytes_t:s0
        /usr/share/(x|yy)z(1|22)?/f	system_u:object_r:alternatives_t:s0
        /usr/share/free/.*	<<none>>
        /usr/share/only\.links	-l	system_u:object_r:link_t:s0
        /usr/share/local	system_u:object_r:before_t:s0
        /proc	-d	<<none>>
        /proc/.*	<<none>>
        /mnt(/[^/]*)?	-d	system_u:object_r:mnt_t:s0
        /var/.*	system_u:object_r:var_t:s0
        /var/home/[^/]+	-d	system_u:object_r:user_home_dir_t:s0
        """;

    private const string Local = "/usr/share/local\tsystem_u:object_r:local_t:s0\n/usr/share/late.*\tsystem_u:object_r:late_t:s0\n";
    private const string Distribution = "/usr/etc /etc\n/usr/lib64 /usr/lib\n/usr/share/moved /usr/bin\n";
    private const string Substitutions = "/usr/share/aside /usr/share/moved\n/usr/share/top /\n";

    [Fact]
    public void Paths_have_the_labels_that_libostree_gives_them()
    {
        Oracle.Require();
        using var test = new TestDirectory();
        string tree = test["tree"];
        foreach (string path in Paths)
        {
            string full = Path.Combine(tree, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            if (path.EndsWith(".links", StringComparison.Ordinal))
            {
                File.CreateSymbolicLink(full, "target");
            }
            else
            {
                File.WriteAllText(full, path);
            }
        }

        WritePolicy(Path.Combine(tree, "usr/etc/selinux"));
        Oracle.Run("ostree", "init", "--mode=bare", $"--repo={test["repo"]}").Succeeded();
        Oracle.Run("ostree", "commit", $"--repo={test["repo"]}", "-b", "x", $"--selinux-policy={tree}", $"--tree=dir={tree}").Succeeded();
        using Repository repository = Repository.Open(test["repo"]);
        FileContexts contexts = FileContexts.Parse(PolicyFiles);

        int count = 0;
        Compare(repository, MutableTree.FromCommit(repository, repository.ResolveCommit("x")), "");
        Assert.True(count > Paths.Length, $"{count}");

        void Compare(Repository from, MutableTree directory, string path)
        {
            DirMeta meta = from.LoadDirMeta(directory.Meta!.Value);
            AssertLabel(path.Length == 0 ? "/" : path, meta.Mode, meta.ExtendedAttributes);
            foreach ((string name, Checksum file) in directory.Files)
            {
                FileHeader header = from.LoadFileHeader(file).Header;
                AssertLabel($"{path}/{name}", header.Mode, header.ExtendedAttributes);
            }

            foreach ((string name, MutableTree child) in directory.Directories)
            {
                Compare(from, child, $"{path}/{name}");
            }
        }

        void AssertLabel(string path, uint mode, ExtendedAttributeList attributes)
        {
            count++;
            Assert.Equal($"{path}: {LabelOf(attributes)}", $"{path}: {contexts.Lookup(path, mode)}");
        }
    }

    [Theory]
    [InlineData("/usr", "file_contexts, line 1: '/usr' has no label")]
    [InlineData("/usr -x system_u:object_r:usr_t:s0", "line 1: '-x' is no kind of file")]
    [InlineData("\n/usr/(.* system_u:object_r:usr_t:s0", "line 2: the pattern '/usr/(.*' cannot be read")]
    [InlineData("/usr/(.*a){20}[^a-z] system_u:object_r:usr_t:s0", "line 1: the pattern '/usr/(.*a){20}[^a-z]' takes too long to match")]
    public void A_malformed_policy_is_told_with_file_and_line(string contexts, string expected)
    {
        OstreeException fault = Assert.Throws<OstreeException>(() =>
            FileContexts.Parse(new Dictionary<string, byte[]> { ["file_contexts"] = Encoding.UTF8.GetBytes(contexts) }).Lookup("/usr/" + new string('a', 40), ModeBits.Regular));

        Assert.Contains(expected, fault.Message);
    }

    [Fact]
    public async Task The_files_of_an_image_are_labelled_by_its_own_policy()
    {
        Oracle.Require();
        using var test = new TestRepository();
        OsImage image = OsImage.Create("1").AddLayer(AddPolicy(Contexts)).AddLayer(layer => layer.Directory("usr/share").File("usr/share/local", "x").File("usr/bin/hello", "changed", mode: 0x1ED));

        PulledImage pulled = await test.ImportAsync(image.WriteTo(test.Folder["image"], "v1"));

        AssertIsLabelledAsByLibostree(test, pulled.Image.MergeCommit);
        Assert.Equal("system_u:object_r:hello_exec_t:s0", LabelOf(test, pulled, "usr", "bin", "hello"));
        Assert.Equal("system_u:object_r:motd_t:s0", LabelOf(test, pulled, "usr", "etc", "motd"));
        Fsck(test);

        // An upgrade fetches its own layer, and labels that.
        var fetched = new List<string>();
        WrittenImage v2 = image.WithVersion("2").WriteTo(test.Folder["image"], "v2");
        test.Reopen();
        PulledImage second = await test.ImportAsync(v2, fetched);
        AssertIsLabelledAsByLibostree(test, second.Image.MergeCommit);
        Assert.Equal([v2.LayerDigests[^1]], fetched);
        Assert.Equal("system_u:object_r:usr_t:s0", LabelOf(test, second, "usr", "lib", "os-release"));

        // One that changes the policy labels all by the new one.
        test.Reopen();
        fetched.Clear();
        WrittenImage v3 = image.AddLayer(AddPolicy(Contexts.Replace("hello_exec_t", "other_exec_t", StringComparison.Ordinal))).WriteTo(test.Folder["image"], "v3");
        PulledImage third = await test.ImportAsync(v3, fetched);
        AssertIsLabelledAsByLibostree(test, third.Image.MergeCommit);
        Assert.Equal([v3.LayerDigests[^1]], fetched);
        Assert.Equal("system_u:object_r:other_exec_t:s0", LabelOf(test, third, "usr", "bin", "hello"));
        Assert.Equal("system_u:object_r:hello_exec_t:s0", LabelOf(test, second, "usr", "bin", "hello"));
        Fsck(test);
    }

    [Fact]
    public async Task A_layer_that_brings_a_policy_labels_the_files_of_the_ostree_commit_below_too()
    {
        Oracle.Require();
        using var test = new TestRepository();
        EncapsulatedImage image = OstreeImageTests.MakeImage(test.Folder, "1");

        PulledImage pulled = await test.ImportAsync(image.ToImage().AddLayer(AddPolicy(Contexts)).WriteTo(test.Folder["image"]));

        AssertIsLabelledAsByLibostree(test, pulled.Image.MergeCommit);
        Assert.Equal("system_u:object_r:hello_exec_t:s0", LabelOf(test, pulled, "usr", "bin", "hello"));
        Assert.Equal(Checksum.Parse(image.Commit), test.Repository.LoadCommit(pulled.Image.MergeCommit).Parent);
        Fsck(test);
    }

    [Fact]
    public async Task What_is_changed_in_an_image_is_labelled_by_its_policy()
    {
        Oracle.Require();
        using var test = new TestRepository();
        PulledImage pulled = await test.ImportAsync(OsImage.Create("1").AddLayer(AddPolicy(Contexts)).WriteTo(test.Folder["image"]));
        MutableTree tree = MutableTree.FromCommit(test.Repository, pulled.Image.MergeCommit);
        using (RepositoryTransaction transaction = test.Repository.BeginTransaction())
        {
            tree.TryGetDirectory("usr")!.TryGetDirectory("bin")!.ReplaceFile("hello", transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1ED), "new"u8).Checksum);
            MutableTree made = tree.TryGetDirectory("usr")!.EnsureDirectory("sbin");
            made.Meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, 0x1ED));
            made.ReplaceFile("tool", transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1ED), "tool"u8).Checksum);
            transaction.Commit();
        }

        SELinux.DerivedLabels.Apply(test.Repository, tree, pulled.Facts, CancellationToken.None);

        using (RepositoryTransaction transaction = test.Repository.BeginTransaction())
        {
            (Checksum root, Checksum meta) = tree.Write(transaction);
            Checksum commit = transaction.WriteCommit(new Commit([], null, "", "", 0, root, meta));
            transaction.SetRef("changed", commit);
            transaction.Commit();
            AssertIsLabelledAsByLibostree(test, commit);
        }
    }

    [Theory]
    [InlineData("SELINUX=disabled\nSELINUXTYPE=targeted\n")]
    [InlineData("SELINUX=enforcing\nSELINUXTYPE=missing\n")]
    [InlineData("SELINUX=enforcing\nSELINUXTYPE=../../usr\n")]
    public async Task An_image_without_a_policy_that_is_used_has_no_labels(string config)
    {
        using var test = new TestRepository();

        PulledImage pulled = await test.ImportAsync(OsImage.Create().AddLayer(AddPolicy(Contexts, config)).WriteTo(test.Folder["image"]));

        Assert.Null(LabelOf(test, pulled, "usr", "bin", "hello"));
    }

    [Fact]
    public async Task Labelled_files_are_repaired_from_their_layers()
    {
        using var test = new TestRepository();
        WrittenImage image = OsImage.Create("1").AddLayer(AddPolicy(Contexts)).WriteTo(test.Folder["image"]);
        PulledImage pulled = await test.ImportAsync(image);
        Checksum hello = FileOf(test, pulled, "usr", "bin", "hello");
        string path = Path.Combine(test.Path, "objects", new ObjectName(hello, ObjectType.File).PathIn(RepositoryMode.Bare));
        File.WriteAllText(path, "changed");

        var repair = new LayerRepair(test.Repository, new HashSet<ObjectName> { new(hello, ObjectType.File) });
        await using Oci.IImageSource source = Oci.ImageSources.Open(Oci.ImageReference.Parse(image.Reference));
        await repair.RunAsync(source, repair.FindLayers(pulled.Image), new WatchedProgress(), CancellationToken.None);

        Assert.Equal("#!/bin/sh\necho hello\n", File.ReadAllText(path));
        Assert.Equal("system_u:object_r:hello_exec_t:s0", LabelOf(test, pulled, "usr", "bin", "hello"));
    }

    private static string[] Paths =>
    [
        "rootfile", "usr/bin/hello", "usr/bin/hellz", "usr/bin/other", "usr/sbin/tool", "usr/binary", "usr/lib/modules/6.0/vmlinuz", "usr/lib/modules/6.0/x/vmlinuz",
        "usr/lib64/modules/6.0/module.ko", "usr/lib/systemd/system/a.service", "usr/lib/systemd/system/a.timer", "usr/lib/systemd/system/a.other", "usr/lib/ostree/prepare-root.conf",
        "usr/lib/ostree/prepare-rootxconf", "usr/share/aabccx/12", "usr/share/accxx/7", "usr/share/abcc/7a", "usr/share/café", "usr/share/cafe", "usr/share/xz/f", "usr/share/yyz22/f", "usr/share/yyz1/f",
        "usr/share/yz/f", "usr/share/free/a", "usr/share/only.links", "usr/share/local", "usr/share/later", "usr/share/moved/hello", "usr/share/moved2/hello", "usr/share/aside/hello", "usr/share/top/etc/motd",
        "usr/etc/motd", "usr/etc/a.conf", "usr/etc/d/a.conf", "etc/issue", "var/lib/x", "var/home/user/file", "var/home/user.links",
    ];

    private static Dictionary<string, byte[]> PolicyFiles => new()
    {
        ["file_contexts"] = Encoding.UTF8.GetBytes(Contexts),
        ["file_contexts.local"] = Encoding.UTF8.GetBytes(Local),
        ["file_contexts.subs"] = Encoding.UTF8.GetBytes(Substitutions),
        ["file_contexts.subs_dist"] = Encoding.UTF8.GetBytes(Distribution),
    };

    private static void WritePolicy(string folder)
    {
        string files = Directory.CreateDirectory(Path.Combine(folder, "targeted/contexts/files")).FullName;
        File.WriteAllText(Path.Combine(folder, "config"), Config);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "targeted/policy")).FullName, "policy.33"), "policy");
        foreach ((string name, byte[] content) in PolicyFiles)
        {
            File.WriteAllBytes(Path.Combine(files, name), content);
        }
    }

    private static Action<OsLayer> AddPolicy(string contexts, string config = Config) => layer => layer
        .Directory("etc/selinux").File("etc/selinux/config", config).Directory("etc/selinux/targeted")
        .Directory("etc/selinux/targeted/policy").File("etc/selinux/targeted/policy/policy.33", "policy")
        .Directory("etc/selinux/targeted/contexts").Directory("etc/selinux/targeted/contexts/files")
        .File("etc/selinux/targeted/contexts/files/file_contexts", contexts)
        .File("etc/selinux/targeted/contexts/files/file_contexts.local", Local)
        .File("etc/selinux/targeted/contexts/files/file_contexts.subs", Substitutions)
        .File("etc/selinux/targeted/contexts/files/file_contexts.subs_dist", Distribution);

    // libostree commits a checkout of the same files anew, without their labels, by the policy in it.
    private static void AssertIsLabelledAsByLibostree(TestRepository test, Checksum commit)
    {
        string tree = test.Folder[$"tree-{commit}"];
        Oracle.Run("ostree", "checkout", "--force-copy", $"--repo={test.Path}", commit.ToString(), tree).Succeeded();
        Peer.Run("sh", "-ec", $"find {tree} -exec setfattr -h -x security.selinux {{}} + 2> /dev/null || true").Succeeded();
        Oracle.Run("ostree", "commit", $"--repo={test.Path}", "-b", "again", $"--selinux-policy={tree}", $"--tree=dir={tree}").Succeeded();
        Assert.Equal(test.Repository.LoadCommit(test.Repository.ResolveCommit("again")).RootTree, test.Repository.LoadCommit(commit).RootTree);
        Assert.Equal(test.Repository.LoadCommit(test.Repository.ResolveCommit("again")).RootMeta, test.Repository.LoadCommit(commit).RootMeta);
    }

    private static string Fsck(TestRepository test) => Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded();

    private static string? LabelOf(TestRepository test, PulledImage image, params string[] path) =>
        LabelOf(test.Repository.LoadFileHeader(FileOf(test, image, path)).Header.ExtendedAttributes);

    private static Checksum FileOf(TestRepository test, PulledImage image, params string[] path)
    {
        MutableTree? tree = MutableTree.FromCommit(test.Repository, image.Image.MergeCommit);
        foreach (string name in path[..^1])
        {
            tree = tree?.TryGetDirectory(name);
        }

        return tree!.TryGetFile(path[^1])!.Value;
    }

    private static string? LabelOf(ExtendedAttributeList attributes) =>
        attributes.Where(attribute => attribute.Name == "security.selinux").Select(attribute => Encoding.Latin1.GetString(attribute.Value).TrimEnd('\0')).SingleOrDefault();
}
