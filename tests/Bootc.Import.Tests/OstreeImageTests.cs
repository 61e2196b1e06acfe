// Images that hold an ostree commit come into the repository with that very commit, and hostile ones leave nothing.
using System.Formats.Tar;
using System.Security.Cryptography;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class OstreeImageTests
{
    private const int Chunks = 3;

    public static TheoryData<string, string, Action<EncapsulatedImage>> Hostile => new()
    {
        { "another content", "has the checksum", image => Replace(image, FileEntry(image, 1), entry => Content(entry, "changed"u8)) },
        { "another mode", "has the checksum", image => Replace(image, FileEntry(image, 1), entry => entry.Mode = (UnixFileMode)0x1FF) },
        { "another owner", "has the checksum", image => Replace(image, FileEntry(image, 1), entry => entry.Uid = 12) },
        { "another link target", "has the checksum", image => Replace(image, Find(image, entry => entry.EntryType == TarEntryType.SymbolicLink), entry => entry.LinkName = "/etc/shadow") },
        { "other attributes", "has the checksum", image => Replace(image, Link(image), entry => Content(entry, EncapsulatedImage.Serialize([("user.x", [1])]))) },
        { "attributes out of order", "not in order", image => Replace(image, Link(image), entry => Content(entry, EncapsulatedImage.Serialize([("user.b", [1]), ("user.a", [1])]))) },
        { "attributes twice", "not in order", image => Replace(image, Link(image), entry => Content(entry, EncapsulatedImage.Serialize([("user.b", [1]), ("user.b", [1])]))) },
        { "attributes that are none", "malformed", image => Replace(image, Link(image), entry => Content(entry, "\xff\xff\xff"u8)) },
        { "endless attributes", "more than", image => Replace(image, Link(image), entry => Content(entry, new byte[2_000_000])) },
        { "no attributes", "do not come right before it", image => image.Layers[1].Remove(Link(image)) },
        { "attributes of nothing", "does not come after them", image => image.Layers[1].Add(EncapsulatedImage.Regular(EncapsulatedImage.PathOf(new string('1', 64), "file-xattrs-link"), [])) },
        { "attributes elsewhere", "holds no extended attributes", image => image.Layers[2].Add(HardLink(EncapsulatedImage.PathOf(new string('1', 64), "file-xattrs-link"), "../../../../../../etc/passwd")) },
        { "unknown attributes", "does not come before it", image => image.Layers[2].Add(HardLink(EncapsulatedImage.PathOf(new string('1', 64), "file-xattrs-link"), EncapsulatedImage.PathOf(new string('2', 64), "file-xattrs"))) },
        { "shared attributes of another name", "has the checksum", image => image.Layers[2].Add(EncapsulatedImage.Regular(EncapsulatedImage.PathOf(new string('1', 64), "file-xattrs"), [])) },
        { "no file", "is missing", image => image.Layers[1].RemoveRange(image.Layers[1].IndexOf(Link(image)), 2) },
        { "no directory", "is missing", image => image.Layers[0].Remove(Find(image, entry => entry.Name.EndsWith(".dirtree", StringComparison.Ordinal) && !IsRoot(image, entry))) },
        { "no metadata of a directory", "is missing", image => image.Layers[0].RemoveAll(entry => entry.Name.EndsWith(".dirmeta", StringComparison.Ordinal)) },
        { "no commit", "holds no ostree commit", image => image.Layers[0].Remove(CommitEntry(image)) },
        { "another commit", "the image's label ostree.commit names", image => image.Labels["ostree.commit"] = new string('7', 64) },
        { "a changed commit", "has the checksum", image => Replace(image, CommitEntry(image), entry => Flip(entry, 20)) },
        { "two commits", "two commits", image => image.Layers[0].Add(Named("commit", OtherCommit(image))) },
        { "a commit that poses as a layer", "calls itself a layer of files", image => PoseAsLayer(image) },
        { "a commit of files", "does not belong into a layer of files", image => image.Layers[1].Add(CommitEntry(image)) },
        { "a malformed directory", "malformed", image => image.Layers[0].Add(Named("dirtree", [1, 2, 3, 4, 5])) },
        { "a directory's metadata with the mode of a file", "not that of a directory", image => image.Layers[0].Add(Named("dirmeta", new DirMeta(0, 0, ModeBits.Regular, ExtendedAttributeList.Empty).Serialize())) },
        { "an endless directory", "more than", image => image.Layers[0].Add(Named("dirtree", new byte[11_000_000])) },
        { "an object that is a hard link", "neither a file nor a symbolic link", image => Exchange(image, FileEntry(image, 1), entry => HardLink(entry.Name, "etc/passwd")) },
        { "an object that is a device", "neither a file nor a symbolic link", image => Exchange(image, FileEntry(image, 1), entry => new GnuTarEntry(TarEntryType.CharacterDevice, entry.Name)) },
        { "a commit that is a symbolic link", "no regular file", image => Exchange(image, CommitEntry(image), entry => new GnuTarEntry(TarEntryType.SymbolicLink, entry.Name) { LinkName = "/etc/passwd" }) },
        { "an object twice", "twice", image => image.Layers[1].AddRange([Link(image), FileEntry(image, 1)]) },
        { "objects elsewhere", "is no directory", image => Exchange(image, Find(image, entry => entry.Name == "sysroot/ostree/repo/objects"), entry => new GnuTarEntry(TarEntryType.SymbolicLink, entry.Name) { LinkName = "/etc" }) },
        { "objects of a prefix elsewhere", "is no object", image => Exchange(image, Find(image, entry => entry.Name == "sysroot/ostree/repo/objects/00"), entry => new GnuTarEntry(TarEntryType.SymbolicLink, entry.Name) { LinkName = "/etc" }) },
        { "an object of another kind", "is no object", image => image.Layers[1].Add(EncapsulatedImage.Regular(EncapsulatedImage.PathOf(new string('1', 64), "filez"), [])) },
        { "a kind that images do not hold", "of a kind that images do not hold", image => image.Layers[0].Add(EncapsulatedImage.Regular(EncapsulatedImage.PathOf(new string('1', 64), "payload-link"), [])) },
        { "an object above the objects", "'..'", image => image.Layers[1].Add(EncapsulatedImage.Regular("sysroot/ostree/repo/objects/../../../../../etc/x", [])) },
        { "a file above the root", "'..'", image => image.Layers[1].Add(EncapsulatedImage.Regular("usr/../../etc/x", [])) },
        { "a hard link out of the image", "'..'", image => image.Layers[1].Add(HardLink("usr/bin/passwd", "../../../etc/passwd")) },
        { "metadata of another commit", "does not come before it", image => image.Layers[0].Add(EncapsulatedImage.Regular(EncapsulatedImage.PathOf(new string('1', 64), "commitmeta"), [])) },
        { "labels that name no layer", "were its layers squashed", image => image.Labels["ostree.final-diffid"] = "sha256:" + new string('0', 64) },
        { "a label that is no checksum", "not a checksum", image => image.Labels["ostree.commit"] = "main" },
        { "a layer twice", "twice", image => image.Layers.Insert(1, image.Layers[0]) },
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_commit_in_an_image_is_the_commit_in_the_repository(bool relativeLinks)
    {
        Oracle.Require();
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1", relativeLinks);
        WrittenImage written = image.ToImage().WriteTo(test.Folder["image"]);

        PulledImage pulled = await test.ImportAsync(written);

        Checksum commit = Checksum.Parse(image.Commit);
        Commit merge = test.Repository.LoadCommit(pulled.Image.MergeCommit);
        Assert.Equal(commit, merge.Parent);
        Assert.Equal(test.Repository.LoadCommit(commit).RootTree, merge.RootTree);
        Assert.Equal(commit, test.Repository.TryResolveRef(BlobRef(written, 0)));
        Assert.Equal(
            [.. written.LayerDigests.Select((_, i) => BlobRef(written, i)).Order(StringComparer.Ordinal), $"ostree/container/image/{RefEscape.Escape(written.Reference)}"],
            test.Repository.ListRefs().Select(entry => entry.Key));
        Assert.Contains("object fsck of", Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded());
        Assert.Equal(
            Oracle.Run("ostree", "ls", $"--repo={test.Folder["source-1"]}", "-R", "-X", "-C", image.Commit).Succeeded(),
            Oracle.Run("ostree", "ls", $"--repo={test.Path}", "-R", "-X", "-C", pulled.Image.MergeCommit.ToString()).Succeeded());
        Assert.Equal(
            Oracle.Run("ostree", "show", $"--repo={test.Folder["source-1"]}", "--raw", image.Commit).Succeeded(),
            Oracle.Run("ostree", "show", $"--repo={test.Path}", "--raw", image.Commit).Succeeded());
    }

    // What ostree-ext makes of a chunk: a tree whose files are named by their own checksums, without time and metadata.
    [Fact]
    public async Task A_layer_of_objects_is_the_commit_that_libostree_makes_of_them()
    {
        Oracle.Require();
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1");
        WrittenImage written = image.ToImage().WriteTo(test.Folder["image"]);

        await test.ImportAsync(written);

        for (int i = 1; i <= Chunks; i++)
        {
            string ours = test.Repository.ResolveCommit(BlobRef(written, i)).ToString();
            Oracle.Run("ostree", "checkout", $"--repo={test.Path}", ours, test.Folder[$"objects-{i}"]).Succeeded();
            string theirs = Oracle.Run(
                "ostree", "commit", $"--repo={test.Path}", "--orphan", "--no-bindings", "--timestamp=@0", $"--tree=dir={test.Folder[$"objects-{i}"]}").Succeeded().Trim();
            Assert.Equal(theirs, ours);
            string[] names = [.. image.Layers[i].Where(entry => entry.Name.EndsWith(".file", StringComparison.Ordinal)).Select(entry => entry.Name[28..^5].Replace("/", "", StringComparison.Ordinal))];
            Assert.Equal(names.Order(StringComparer.Ordinal), Directory.EnumerateFileSystemEntries(test.Folder[$"objects-{i}"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task An_upgrade_fetches_the_commit_and_the_chunks_that_changed()
    {
        Oracle.Require();
        using var test = new TestRepository();
        WrittenImage v1 = MakeImage(test.Folder, "1").ToImage().WriteTo(test.Folder["image"], "v1");
        EncapsulatedImage second = MakeImage(test.Folder, "2");
        WrittenImage v2 = second.ToImage().WriteTo(test.Folder["image"], "v2");
        await test.ImportAsync(v1);
        test.Reopen();
        var fetched = new List<string>();

        PulledImage pulled = await test.ImportAsync(v2, fetched);

        Assert.Equal(((string[])[v2.LayerDigests[0], v2.LayerDigests[1]]).Order(StringComparer.Ordinal), fetched.Order(StringComparer.Ordinal));
        Assert.Equal(Checksum.Parse(second.Commit), test.Repository.LoadCommit(pulled.Image.MergeCommit).Parent);
        Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded();

        ImageStore.RemoveImage(test.Repository, ImageReference.Parse(v1.Reference));
        Assert.Equal(2, ImageStore.PruneLayers(test.Repository));
        test.Repository.Prune();
        test.Reopen();
        Assert.Empty(test.Repository.Fsck().Findings);
        Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded();
    }

    [Fact]
    public async Task Layers_on_top_are_merged_with_the_commit_and_copies_of_objects_are_left_out()
    {
        Oracle.Require();
        Peer.Require("umoci");
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1");
        TarEntry hello = image.Layers.SelectMany(layer => layer).Single(entry => entry.Name == "usr/bin/hello");
        WrittenImage written = image.ToImage().AddLayer(layer => layer
            .Add(EncapsulatedImage.Regular(hello.LinkName, "changed by a build"u8.ToArray(), 0x1ED))
            .HardLink("usr/bin/hello", hello.LinkName).HardLink("usr/bin/hello-again", hello.LinkName)
            .Whiteout("usr/bin/removed").File("etc/motd", "derived").File("usr/share/new", "x")).WriteTo(test.Folder["image"]);
        Peer.Run("umoci", "unpack", "--image", $"{written.Layout}:{written.Tag}", test.Folder["bundle"]).Succeeded();

        PulledImage pulled = await test.ImportAsync(written);

        test.Repository.CheckoutTree(pulled.Image.MergeCommit, test.Folder.Handle, "checkout");
        Directory.Move(test.Folder["checkout/usr/etc"], test.Folder["checkout/etc"]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(test.Folder["checkout/sysroot"]));
        Directory.Delete(test.Folder["bundle/rootfs/sysroot/ostree"], recursive: true);
        Assert.Equal(Listing(test.Folder["bundle/rootfs"]), Listing(test.Folder["checkout"]));
        Assert.Equal("changed by a build", File.ReadAllText(test.Folder["checkout/usr/bin/hello-again"]));
        Assert.Equal(Checksum.Parse(image.Commit), test.Repository.LoadCommit(pulled.Image.MergeCommit).Parent);
        Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded();
    }

    [Fact]
    public async Task A_commit_is_admitted_before_it_is_visible_and_layers_on_top_of_it_are_not()
    {
        Oracle.Require();
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1");
        var commit = Checksum.Parse(image.Commit);
        byte[] metadata = new VariantDictionary { { "ostree.sign.ed25519", GVariantValue.Array("ay", GVariantValue.FromBytes(new byte[64])) } }.Serialize();
        image.Layers[0].Insert(image.Layers[0].IndexOf(CommitEntry(image)) + 1, EncapsulatedImage.Regular(EncapsulatedImage.PathOf(image.Commit, "commitmeta"), metadata));
        WrittenImage written = image.ToImage().WriteTo(test.Folder["image"], "commit");
        WrittenImage derived = image.ToImage().AddLayer(layer => layer.File("usr/share/new", "x")).WriteTo(test.Folder["image"], "derived");
        var asked = new List<Checksum>();

        await Assert.ThrowsAsync<InvalidOperationException>(() => test.ImportAsync(ImageReference.Parse(written.Reference), null, (_, _, _) => throw new InvalidOperationException("no")));
        Assert.False(test.Repository.HasObject(new(commit, ObjectType.Commit)));
        Assert.Null(test.Repository.LoadDetachedMetadata(commit));
        ImportException refusal = await Assert.ThrowsAsync<ImportException>(() => test.ImportAsync(ImageReference.Parse(derived.Reference), null, (_, _, _) => { }));
        Assert.Contains("1 layers of files lie on top of it, which no signature of the commit vouches for", refusal.Message);
        PulledImage pulled = await test.ImportAsync(ImageReference.Parse(written.Reference), null, (checksum, bytes, signatures) =>
        {
            asked.Add(checksum);
            Assert.Equal(commit, Checksum.Compute(bytes.Span));
            Assert.True(signatures!.Serialize().AsSpan().SequenceEqual(metadata));
        });

        Assert.Equal([commit], asked);
        Assert.Equal(commit, test.Repository.LoadCommit(pulled.Image.MergeCommit).Parent);
        await test.ImportAsync(ImageReference.Parse(written.Reference), null, (checksum, _, _) => asked.Add(checksum));
        Assert.Equal([commit, commit], asked);
        Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded();
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task A_hostile_image_is_refused_and_nothing_of_its_commit_is_visible(string name, string reason, Action<EncapsulatedImage> change)
    {
        Oracle.Require();
        Assert.NotEmpty(name);
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1");
        change(image);
        WrittenImage written = image.ToImage().WriteTo(test.Folder["image"]);

        ImportException e = await Assert.ThrowsAsync<ImportException>(() => test.ImportAsync(written));

        Assert.Contains(reason, e.Message);
        Assert.False(test.Repository.HasObject(new(Checksum.Parse(image.Commit), ObjectType.Commit)));
        Assert.DoesNotContain(test.Repository.ListRefs(), entry => entry.Key.StartsWith(ImageStore.ImagePrefix, StringComparison.Ordinal) || entry.Key == BlobRef(written, 0));
        Assert.Empty(test.Repository.Fsck().Findings);
        Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded();
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(test.Folder["repo/tmp"]), path => Path.GetFileName(path) != "cache");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_tree_is_endless_is_refused(bool wide)
    {
        using var test = new TestRepository();
        Checksum meta = Checksum.Compute(DirMeta.ForDirectory(0, 0, 0x1ED).Serialize());
        var entries = new List<TarEntry> { Named("dirmeta", DirMeta.ForDirectory(0, 0, 0x1ED).Serialize()) };
        var tree = new DirTree([], []);
        for (int i = 0; i < (wide ? 60 : 5000); i++)
        {
            entries.Add(Named("dirtree", tree.Serialize()));
            Checksum child = Checksum.Compute(tree.Serialize());
            tree = new DirTree([], wide ? [new("a", child, meta), new("b", child, meta)] : [new("a", child, meta)]);
        }

        entries.Add(Named("dirtree", tree.Serialize()));
        byte[] commit = new Commit([], null, "endless", "", 1, Checksum.Compute(tree.Serialize()), meta).Serialize();
        entries.Add(Named("commit", commit));
        var layer = new OsLayer();
        entries.ForEach(entry => layer.Add(entry));
        OsImage image = new OsImage().AddLayer(layer);
        image.Labels["ostree.commit"] = Checksum.Compute(commit).ToString();
        image.Labels["ostree.final-diffid"] = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(layer.ToTar()))}";

        ImportException e = await Assert.ThrowsAsync<ImportException>(() => test.ImportAsync(image.WriteTo(test.Folder["image"])));

        Assert.Contains("deeper or larger", e.Message);
        Assert.Empty(test.Repository.ListObjects());
    }

    [Fact]
    public void Mutated_layers_are_refused_with_an_error_of_the_import_or_are_harmless()
    {
        Oracle.Require();
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1");
        image.Layers.ForEach(layer => layer.RemoveAll(entry => entry.EntryType == TarEntryType.Directory));
        byte[][] layers = [.. image.ToImage().Layers.Select(layer => layer.ToTar())];
        var random = new Random(17);
        int refused = 0;
        for (int round = 0; round < 600; round++)
        {
            int which = random.Next(layers.Length);
            byte[] tar = Mutate(layers[which], random);
            using RepositoryTransaction transaction = test.Repository.BeginTransaction();
            try
            {
                new OstreeLayerImporter(transaction, "the layer", CancellationToken.None).Import(new MemoryStream(tar), which == 0 ? LayerKind.OstreeCommit : LayerKind.OstreeObjects);
            }
            catch (ImportException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 600);
        Assert.Empty(test.Repository.ListObjects());
    }

    // A blob is what the labels of the image say, not what another image made of it.
    [Fact]
    public async Task The_same_layers_without_labels_are_layers_of_files()
    {
        Oracle.Require();
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1");
        WrittenImage ostree = image.ToImage().WriteTo(test.Folder["image"], "ostree");
        OsImage withoutLabels = image.ToImage();
        withoutLabels.Labels.Remove("ostree.final-diffid");
        WrittenImage files = withoutLabels.WriteTo(test.Folder["image"], "files");
        Assert.Equal(ostree.LayerDigests, files.LayerDigests);

        PulledImage first = await test.ImportAsync(ostree);
        PulledImage second = await test.ImportAsync(files);
        test.Repository.SetRef(ImageStore.RefOf(ImageReference.Parse(ostree.Reference)), null);
        PulledImage third = await test.ImportAsync(ostree);

        Assert.Equal(first.Image.MergeCommit, third.Image.MergeCommit);
        Assert.NotNull(test.Repository.OpenTree(second.Image.MergeCommit).TryGetDirectory("sysroot/ostree/repo/objects"));
        Assert.Null(test.Repository.LoadCommit(second.Image.MergeCommit).Parent);
        Assert.Empty(test.Repository.Fsck().Findings);
    }

    [Fact]
    public async Task Damaged_objects_of_the_commit_are_fetched_again()
    {
        Oracle.Require();
        using var test = new TestRepository();
        EncapsulatedImage image = MakeImage(test.Folder, "1");
        WrittenImage written = image.ToImage().WriteTo(test.Folder["image"]);
        PulledImage pulled = await test.ImportAsync(written);
        Checksum file = test.Repository.OpenTree(pulled.Image.MergeCommit).TryGetFile("usr/bin/hello")!.Value;
        var damaged = new ObjectName(file, ObjectType.File);
        string path = Path.Combine(test.Folder["repo/objects"], damaged.PathIn(RepositoryMode.Bare));
        File.WriteAllText(path, "damage");
        Assert.NotEmpty(test.Repository.Fsck().Findings);

        var repair = new LayerRepair(test.Repository, new HashSet<ObjectName> { damaged });
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(written.Reference));
        await repair.RunAsync(source, repair.FindLayers(pulled.Image), new NoProgress(), CancellationToken.None);

        test.Reopen();
        Assert.Empty(test.Repository.Fsck().Findings);
        Oracle.Run("ostree", "fsck", $"--repo={test.Path}").Succeeded();
    }

    // A tree with all that objects can be, committed by libostree.
    internal static EncapsulatedImage MakeImage(TestDirectory folder, string version, bool relativeLinks = false)
    {
        string tree = folder[$"tree-{version}"];
        foreach (string directory in (string[])["usr/bin", "usr/lib/modules/6.0", "usr/share/grüße", "usr/etc/app.d", "sysroot", "var", "boot", "dev"])
        {
            Directory.CreateDirectory(Path.Combine(tree, directory));
        }

        using DirectoryHandle handle = DirectoryHandle.Open(tree);
        void Write(string path, byte[] content, uint mode = 0x1A4)
        {
            File.WriteAllBytes(Path.Combine(tree, path), content);
            handle.SetMode(path, mode);
        }

        Write("usr/bin/hello", "hello"u8.ToArray(), 0x1ED);
        Write("usr/bin/hello-too", "hello"u8.ToArray(), 0x1ED);
        Write("usr/bin/setuid", "suid"u8.ToArray(), 0x9ED);
        Write("usr/bin/removed", "x"u8.ToArray());
        Write("usr/lib/os-release", System.Text.Encoding.UTF8.GetBytes($"ID=test\nVERSION_ID={version}\n"));
        Write("usr/lib/modules/6.0/vmlinuz", [.. Enumerable.Range(0, 1_000_000).Select(i => (byte)(i * 7 / 3))]);
        Write("usr/share/empty", []);
        Write("usr/share/grüße/日本語", "x"u8.ToArray(), 0x180);
        Write("usr/share/attributes", "with attributes"u8.ToArray());
        Write("usr/etc/motd", "Welcome\n"u8.ToArray());
        Write("usr/etc/app.d/a.conf", "a=1\n"u8.ToArray());
        File.CreateSymbolicLink(Path.Combine(tree, "usr/bin/link"), "../..//denormal/target");
        File.CreateSymbolicLink(Path.Combine(tree, "bin"), "usr/bin");
        handle.SetOwner("usr/share/attributes", 1000, 3000000);
        handle.SetExtendedAttribute("usr/share/attributes", "user.long", new byte[300]);
        handle.SetExtendedAttribute("usr/share/attributes", "user.b", "2"u8);
        handle.SetExtendedAttribute("usr/share/grüße", "user.of-a-directory", "1"u8);

        string repository = folder[$"source-{version}"];
        Oracle.Run("ostree", "init", $"--repo={repository}", "--mode=bare").Succeeded();
        string commit = Oracle.Run(
            "ostree", "commit", $"--repo={repository}", "-b", "os", "-s", $"Version {version}", $"--add-metadata-string=version={version}", "--add-metadata=ostree.bootable=true", $"--tree=dir={tree}").Succeeded().Trim();
        return EncapsulatedImage.Read(repository, commit, Chunks, path => path.StartsWith("usr/lib", StringComparison.Ordinal) ? 0 : path.StartsWith("usr/share", StringComparison.Ordinal) ? 1 : 2, relativeLinks);
    }

    private static string BlobRef(WrittenImage image, int layer) => $"ostree/container/blob/{image.LayerDigests[layer].Replace(":", "_3A_", StringComparison.Ordinal)}";

    private static string Listing(string root)
    {
        string names = Peer.Run("find", root, "-mindepth", "1", "-printf", "%P|%y|%m|%U:%G|%l\n").Succeeded();
        string contents = Peer.Run("sh", "-c", "cd \"$0\" && find . -type f -exec sha256sum {} +", root).Succeeded();
        return string.Join('\n', (names + contents).Split('\n').Order(StringComparer.Ordinal));
    }

    private static TarEntry Find(EncapsulatedImage image, Predicate<TarEntry> match) => image.Layers.SelectMany(layer => layer).First(entry => match(entry));

    private static TarEntry FileEntry(EncapsulatedImage image, int layer) => image.Layers[layer].First(entry => entry.Name.EndsWith(".file", StringComparison.Ordinal) && entry.EntryType == TarEntryType.RegularFile);

    // The attributes right before the first file of the first chunk.
    private static TarEntry Link(EncapsulatedImage image) => image.Layers[1][image.Layers[1].IndexOf(FileEntry(image, 1)) - 1];

    private static TarEntry CommitEntry(EncapsulatedImage image) => image.Layers[0].First(entry => entry.Name.EndsWith(".commit", StringComparison.Ordinal));

    private static bool IsRoot(EncapsulatedImage image, TarEntry entry) =>
        Commit.Parse(Bytes(CommitEntry(image))).RootTree.ToString() == entry.Name[28..^8].Replace("/", "", StringComparison.Ordinal);

    private static void Replace(EncapsulatedImage image, TarEntry entry, Action<TarEntry> change)
    {
        Assert.Contains(image.Layers, layer => layer.Contains(entry));
        change(entry);
    }

    private static void Exchange(EncapsulatedImage image, TarEntry entry, Func<TarEntry, TarEntry> other)
    {
        List<TarEntry> layer = image.Layers.First(layer => layer.Contains(entry));
        layer[layer.IndexOf(entry)] = other(entry);
    }

    private static void Content(TarEntry entry, ReadOnlySpan<byte> content) => entry.DataStream = new MemoryStream(content.ToArray());

    private static byte[] Bytes(TarEntry entry) => ((MemoryStream)entry.DataStream!).ToArray();

    private static void Flip(TarEntry entry, int at)
    {
        byte[] bytes = Bytes(entry);
        bytes[at] ^= 1;
        Content(entry, bytes);
    }

    // Changed in a header, whose checksum is made right again, or in content, or cut off.
    private static byte[] Mutate(byte[] tar, Random random)
    {
        byte[] mutated = [.. tar];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int block = random.Next(mutated.Length / 512) * 512;
            Span<byte> header = mutated.AsSpan(block, 512);
            int at = random.Next(345);
            header[at is >= 124 and < 136 ? 0 : at] = (byte)random.Next(256); // sizes that the disk has not are another matter
            if (header.Slice(257, 5).SequenceEqual("ustar"u8))
            {
                header.Slice(148, 8).Fill((byte)' ');
                int sum = 0;
                foreach (byte value in header)
                {
                    sum += value;
                }

                System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
            }
        }

        return random.Next(10) == 0 ? mutated[..random.Next(mutated.Length)] : mutated;
    }

    // An object with the checksum that it really has.
    private static TarEntry Named(string extension, byte[] content) =>
        EncapsulatedImage.Regular(EncapsulatedImage.PathOf(Convert.ToHexStringLower(SHA256.HashData(content)), extension), content);

    private static void PoseAsLayer(EncapsulatedImage image)
    {
        Commit commit = Commit.Parse(Bytes(CommitEntry(image)));
        commit.Metadata.Set("ostree.importer.version", GVariantValue.FromString("1"));
        image.Labels.Remove("ostree.commit");
        Exchange(image, CommitEntry(image), _ => Named("commit", commit.Serialize()));
    }

    private static byte[] OtherCommit(EncapsulatedImage image) => (Commit.Parse(Bytes(CommitEntry(image))) with { Subject = "another" }).Serialize();

    private static TarEntry HardLink(string path, string target) => new GnuTarEntry(TarEntryType.HardLink, path) { LinkName = target, ModificationTime = DateTimeOffset.UnixEpoch };

    private sealed class NoProgress : IImportProgress
    {
        public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present)
        {
        }

        public void LayerProgress(Descriptor layer, long bytes)
        {
        }

        public void LayerDone(Descriptor layer)
        {
        }

        public void Step(string what)
        {
        }

        public void Warn(string message)
        {
        }
    }
}
