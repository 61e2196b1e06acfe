// Commits become images that other tools read, and from which the same commits come back.
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Import.Encapsulation;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class EncapsulationTests
{
    [Fact]
    public async Task A_commit_comes_back_from_its_image_with_the_same_checksum()
    {
        Oracle.Require();
        using var test = new TestRepository();
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());
        string image = $"oci:{test.Folder["image"]}:1";

        EncapsulatedCommit written = await EncapsulateAsync(test, commit, image);

        using var other = new TestRepository();
        PulledImage pulled = await other.ImportAsync(ImageReference.Parse(image));
        Assert.Equal(commit, other.Repository.LoadCommit(pulled.Image.MergeCommit).Parent);
        Assert.Equal(written.ManifestDigest, pulled.Image.ManifestDigest);
        Assert.Equal("7", pulled.Image.Version);
        Oracle.Run("ostree", "fsck", $"--repo={other.Path}").Succeeded();
        Assert.Equal(
            Oracle.Run("ostree", "ls", $"--repo={test.Path}", "-R", "-X", "-C", commit.ToString()).Succeeded(),
            Oracle.Run("ostree", "ls", $"--repo={other.Path}", "-R", "-X", "-C", commit.ToString()).Succeeded());
    }

    [Theory]
    [InlineData(RepositoryMode.Bare)]
    [InlineData(RepositoryMode.BareUser)]
    [InlineData(RepositoryMode.Archive)]
    public async Task A_commit_is_taken_out_of_an_image_into_a_repository_of_any_mode(RepositoryMode mode)
    {
        Oracle.Require();
        using var test = new TestRepository();
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());
        string image = $"oci:{test.Folder["image"]}:1";
        await EncapsulateAsync(test, commit, image);
        Directory.CreateDirectory(test.Folder["target"]);
        using Repository target = Repository.Create(DirectoryHandle.Open(test.Folder["target"]), mode);

        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image));
        Checksum taken = await new CommitUnencapsulation(target).RunAsync(source, "os/stable", null, CancellationToken.None);

        Assert.Equal(commit, taken);
        Assert.Equal($"{commit}", Oracle.Run("ostree", "rev-parse", $"--repo={test.Folder["target"]}", "os/stable").Succeeded().Trim());
        Oracle.Run("ostree", "fsck", $"--repo={test.Folder["target"]}").Succeeded();
        await using IImageDestination again = ImageDestinations.Open(ImageReference.Parse($"oci:{test.Folder["again"]}:1"));
        Assert.Equal(
            (await source.FetchManifestAsync(Platform.Current, CancellationToken.None)).Digest,
            (await new CommitEncapsulation(target, commit, new EncapsulationOptions()).WriteAsync(again, null, CancellationToken.None)).ManifestDigest);
    }

    [Fact]
    public async Task An_image_with_layers_on_top_is_no_commit_alone()
    {
        Oracle.Require();
        using var test = new TestRepository();
        WrittenImage plain = OsImage.Create().WriteTo(test.Folder["image"]);

        await using IImageSource source = ImageSources.Open(ImageReference.Parse(plain.Reference));
        ImportException e = await Assert.ThrowsAsync<ImportException>(() => new CommitUnencapsulation(test.Repository).RunAsync(source, "os", null, CancellationToken.None));

        Assert.Contains("holds no ostree commit", e.Message);
        Assert.Empty(test.Repository.ListRefs());
    }

    // What container tools unpack is an ostree repository that libostree reads, and the files that a checkout has.
    [Fact]
    public async Task Container_tools_copy_and_unpack_the_image()
    {
        Oracle.Require();
        Peer.Require("skopeo", "umoci");
        using var test = new TestRepository();
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());
        EncapsulatedCommit written = await EncapsulateAsync(test, commit, $"oci:{test.Folder["image"]}:1");
        Peer.Run("skopeo", "copy", "--preserve-digests", $"oci:{test.Folder["image"]}:1", $"dir:{test.Folder["dir"]}").Succeeded();
        Peer.Run("skopeo", "copy", "--preserve-digests", $"dir:{test.Folder["dir"]}", $"oci:{test.Folder["copy"]}:1").Succeeded();
        JsonNode inspected = JsonNode.Parse(Peer.Run("skopeo", "inspect", $"oci:{test.Folder["copy"]}:1").Succeeded())!;
        Peer.Run("umoci", "unpack", "--image", $"{test.Folder["copy"]}:1", test.Folder["bundle"]).Succeeded();

        Assert.Equal(written.ManifestDigest.ToString(), (string)inspected["Digest"]!);
        Assert.Equal(commit.ToString(), (string)inspected["Labels"]!["ostree.commit"]!);
        Assert.Equal(written.Layers[^1].DiffId.ToString(), (string)inspected["Labels"]!["ostree.final-diffid"]!);
        string unpacked = test.Folder["bundle/rootfs/sysroot/ostree/repo"];
        Assert.Equal(
            Oracle.Run("ostree", "ls", $"--repo={test.Path}", "-R", "-X", "-C", commit.ToString()).Succeeded(),
            Oracle.Run("ostree", "ls", $"--repo={unpacked}", "-R", "-X", "-C", commit.ToString()).Succeeded());
        Oracle.Run("ostree", "init", $"--repo={test.Folder["pulled"]}", "--mode=bare").Succeeded();
        Oracle.Run("ostree", "pull-local", $"--repo={test.Folder["pulled"]}", unpacked, commit.ToString()).Succeeded();
        Oracle.Run("ostree", "fsck", $"--repo={test.Folder["pulled"]}").Succeeded();

        test.Repository.CheckoutTree(commit, test.Folder.Handle, "checkout");
        Directory.Move(test.Folder["checkout/usr/etc"], test.Folder["checkout/etc"]);
        Directory.CreateDirectory(test.Folder["checkout/var/tmp"]);
        test.Folder.Handle.SetMode("checkout/var/tmp", 0x3FF);
        string inode = Peer.Run("stat", "-c", "%i", test.Folder["bundle/rootfs/usr/bin/alpha"]).Succeeded();
        Assert.Equal(inode, Peer.Run("stat", "-c", "%i", Path.Combine(unpacked, "objects", new ObjectName(test.Repository.OpenTree(commit).TryGetFile("usr/bin/alpha")!.Value, ObjectType.File).PathIn(RepositoryMode.Bare))).Succeeded());
        Directory.Delete(test.Folder["bundle/rootfs/sysroot/ostree"], recursive: true);
        Assert.Equal(Listing(test.Folder["checkout"]), Listing(test.Folder["bundle/rootfs"]));
    }

    [Fact]
    public async Task The_same_commit_gives_the_same_image_and_others_in_the_layout_stay()
    {
        Oracle.Require();
        using var test = new TestRepository();
        WrittenImage other = OsImage.Create().WriteTo(test.Folder["image"], "other");
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());

        EncapsulatedCommit first = await EncapsulateAsync(test, commit, $"oci:{test.Folder["image"]}:1");
        EncapsulatedCommit second = await EncapsulateAsync(test, commit, $"oci:{test.Folder["image"]}:1");
        EncapsulatedCommit third = await EncapsulateAsync(test, commit, $"oci:{test.Folder["elsewhere"]}");
        EncapsulatedCommit labelled = await EncapsulateAsync(test, commit, $"oci:{test.Folder["image"]}:2", new EncapsulationOptions { Labels = new Dictionary<string, string> { ["a"] = "b" } });

        Assert.Equal(first.ManifestDigest, second.ManifestDigest);
        Assert.Equal(first.ManifestDigest, third.ManifestDigest);
        Assert.NotEqual(first.ManifestDigest, labelled.ManifestDigest);
        Assert.Equal(first.Layers.Select(layer => layer.DiffId), labelled.Layers.Select(layer => layer.DiffId));
        JsonArray index = JsonNode.Parse(File.ReadAllText(test.Folder["image/index.json"]))!["manifests"]!.AsArray();
        Assert.Equal(
            [("other", other.ManifestDigest), ("1", first.ManifestDigest.ToString()), ("2", labelled.ManifestDigest.ToString())],
            index.Select(image => ((string)image!["annotations"]!["org.opencontainers.image.ref.name"]!, (string)image["digest"]!)));
        await test.ImportAsync(ImageReference.Parse($"oci:{test.Folder["elsewhere"]}"));
    }

    [Theory]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    [InlineData(LayerCompression.ZstdChunked)]
    public async Task Wherever_it_is_written_to_it_is_the_same_image(LayerCompression compression)
    {
        Oracle.Require();
        Peer.Require("skopeo");
        using var test = new TestRepository();
        using var registry = new RealRegistry(test.Folder);
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());
        string[] places = [$"oci:{test.Folder["image"]}:1", $"oci-archive:{test.Folder["image.tar"]}:1", $"dir:{test.Folder["dir"]}", $"docker://{registry.Address}/os/image:1"];
        foreach (string place in places)
        {
            var digests = new HashSet<Digest>();
            for (int round = 0; round < 2; round++)
            {
                digests.Add((await EncapsulateAsync(test, commit, place, new EncapsulationOptions { Compression = compression })).ManifestDigest);
            }

            string copy = test.Folder[$"copy-{place.Split(':')[0]}"];
            Peer.Run("skopeo", "copy", "-q", "--preserve-digests", "--src-tls-verify=false", place, $"oci:{copy}:1").Succeeded();
            JsonNode inspected = JsonNode.Parse(Peer.Run("skopeo", "inspect", $"oci:{copy}:1").Succeeded())!;
            using var other = new TestRepository();
            PulledImage pulled = await other.ImportAsync(ImageReference.Parse(place));

            Assert.Equal(Assert.Single(digests).ToString(), (string)inspected["Digest"]!);
            Assert.Equal(commit, other.Repository.LoadCommit(pulled.Image.MergeCommit).Parent);
            ImageManifest manifest = await ManifestAsync(place);
            Assert.All(manifest.Layers, layer => Assert.Equal(compression == LayerCompression.ZstdChunked, ChunkedLayer.TryParse(layer) is not null));
            Assert.All(manifest.Layers.Skip(1), layer => Assert.NotNull(layer.Annotations![CommitEncapsulation.ComponentsAnnotation]));
        }

        ImageManifest[] manifests = await Task.WhenAll(places.Select(ManifestAsync));
        Assert.Single(manifests.Select(manifest => manifest.Config.Digest).Distinct());
        Assert.Empty(Directory.GetFiles(test.Folder["dir"]).Select(path => Path.GetFileName(path)).Except(
            [.. manifests[0].Layers.Append(manifests[0].Config).Select(blob => blob.Digest.Hex), "manifest.json", "version"]));
    }

    [Fact]
    public async Task What_is_in_the_way_of_an_image_is_told_and_stays()
    {
        Oracle.Require();
        using var test = new TestRepository();
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());
        test.Folder.Write("full/notes", "mine");

        OciException full = await Assert.ThrowsAsync<OciException>(() => EncapsulateAsync(test, commit, $"dir:{test.Folder["full"]}"));
        ImageNotFoundException nowhere = await Assert.ThrowsAsync<ImageNotFoundException>(() => EncapsulateAsync(test, commit, $"oci-archive:{test.Folder["nowhere/image.tar"]}"));
        TransportNotSupportedException engine = await Assert.ThrowsAsync<TransportNotSupportedException>(() => EncapsulateAsync(test, commit, "docker-daemon:os"));

        Assert.Contains("is neither empty nor a directory with an image", full.Message);
        Assert.Contains("there is no directory", nowhere.Message);
        Assert.Contains("an image cannot be written to docker-daemon:os", engine.Message);
        Assert.Equal("mine", File.ReadAllText(test.Folder["full/notes"]));
    }

    [Fact]
    public async Task An_archive_that_is_there_stays_until_the_new_one_is_whole()
    {
        Oracle.Require();
        using var test = new TestRepository();
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());
        string before = test.Folder.Write("archives/image.tar", "before");
        Checksum file = test.Repository.OpenTree(commit).TryGetFile("usr/bin/alpha")!.Value;
        string path = Path.Combine(test.Folder["repo/objects"], new ObjectName(file, ObjectType.File).PathIn(RepositoryMode.Bare));
        File.Move(path, test.Folder["aside"]);

        await Assert.ThrowsAsync<ObjectNotFoundException>(() => EncapsulateAsync(test, commit, $"oci-archive:{before}"));

        Assert.Equal(["image.tar"], Directory.GetFileSystemEntries(test.Folder["archives"]).Select(path => Path.GetFileName(path)));
        Assert.Equal("before", File.ReadAllText(before));
        File.Move(test.Folder["aside"], path);
        await EncapsulateAsync(test, commit, $"oci-archive:{before}");
        Assert.Equal(["image.tar"], Directory.GetFileSystemEntries(test.Folder["archives"]).Select(path => Path.GetFileName(path)));
        await test.ImportAsync(ImageReference.Parse($"oci-archive:{before}"));
    }

    [Fact]
    public async Task A_package_has_its_own_layer_and_changes_that_alone()
    {
        Oracle.Require();
        using var test = new TestRepository();
        var tree = new PackagedTree(test.Folder["tree"]).Fill();
        EncapsulatedCommit before = await EncapsulateAsync(test, Commit(test, tree), $"oci:{test.Folder["image"]}:1");
        ImageManifest manifest = await ManifestAsync($"oci:{test.Folder["image"]}:1");

        tree.Package("beta", "2", "beta", ("usr/bin/beta", "beta, changed"), ("usr/share/beta/shared", "the same content"), ("usr/share/beta/data", "more"));
        tree.Package("delta", "1", "delta", ("usr/bin/delta", "new")).Package("alpha-doc", "1", "alpha", ("usr/share/doc/alpha", "of the same source"));
        EncapsulatedCommit after = await EncapsulateAsync(test, Commit(test, tree), $"oci:{test.Folder["image"]}:2", new EncapsulationOptions { Previous = manifest });

        Assert.Equal(["alpha", "beta", "gamma", "initramfs", "unpackaged", ""], before.Layers.Skip(1).Select(Names).OrderBy(name => name.Length == 0 ? "~" : name, StringComparer.Ordinal));
        Dictionary<string, EncapsulatedLayer> old = before.Layers.Skip(1).ToDictionary(Names);
        Dictionary<string, EncapsulatedLayer> now = after.Layers.Skip(1).ToDictionary(Names);
        Assert.Equal(["alpha,alpha-doc", "beta", "delta", "gamma", "initramfs", "unpackaged"], now.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["gamma", "initramfs", "unpackaged"],
            now.Keys.Where(name => old.TryGetValue(name, out EncapsulatedLayer? same) && same.Layer.Digest == now[name].Layer.Digest).Order(StringComparer.Ordinal));
        Assert.NotEqual(before.Layers[0].DiffId, after.Layers[0].DiffId);
        Assert.Equal("delta", Names(after.Layers[^1]));

        // A host that has the one fetches of the other what changed.
        using var host = new TestRepository();
        await host.ImportAsync(ImageReference.Parse($"oci:{test.Folder["image"]}:1"));
        host.Reopen();
        var fetched = new List<string>();
        await host.ImportAsync(ImageReference.Parse($"oci:{test.Folder["image"]}:2"), fetched);
        Assert.Equal(
            after.Layers.Where(layer => layer.Components.Count == 0 || Names(layer) is "alpha,alpha-doc" or "beta" or "delta").Select(layer => layer.Layer.Digest.ToString()).Order(StringComparer.Ordinal),
            fetched.Order(StringComparer.Ordinal));
        Oracle.Run("ostree", "fsck", $"--repo={host.Path}").Succeeded();

        static string Names(EncapsulatedLayer layer) => string.Join(',', layer.Components);
    }

    [Fact]
    public async Task A_rebuild_that_changes_no_package_changes_no_layer_of_packages()
    {
        Oracle.Require();
        using var test = new TestRepository();
        var tree = new PackagedTree(test.Folder["tree"]).Fill();
        EncapsulatedCommit before = await EncapsulateAsync(test, Commit(test, tree), $"oci:{test.Folder["image"]}:1");

        tree.Write("usr/lib/sysimage/dpkg/lock", "x").Write("usr/etc/ld.so.cache", "another cache");
        EncapsulatedCommit after = await EncapsulateAsync(test, Commit(test, tree), $"oci:{test.Folder["image"]}:2");

        Assert.Equal(before.Layers.Skip(1).Select(layer => layer.Layer.Digest), after.Layers.Skip(1).Select(layer => layer.Layer.Digest));
        Assert.NotEqual(before.Layers[0].Layer.Digest, after.Layers[0].Layer.Digest);
    }

    [Fact]
    public async Task A_deployed_image_becomes_an_image_again_with_what_it_said_of_itself()
    {
        Oracle.Require();
        using var test = new TestRepository();
        OsImage os = OsImage.Create("5");
        os.Labels["org.example.kept"] = "yes";
        PulledImage pulled = await test.ImportAsync(os.WriteTo(test.Folder["os"]));
        test.Repository.WriteDetachedMetadata(pulled.Image.MergeCommit, new VariantDictionary
        {
            { "ostree.sign.ed25519", GVariantValue.Array("ay", GVariantValue.FromBytes(new byte[64])) },
            { "ostree-ext.cached.manifest-digest", GVariantValue.FromString("sha256:seen by this host") },
        });

        await EncapsulateAsync(test, pulled.Image.MergeCommit, $"oci:{test.Folder["image"]}:1");

        using var other = new TestRepository();
        PulledImage again = await other.ImportAsync(ImageReference.Parse($"oci:{test.Folder["image"]}:1"));
        Assert.Equal("1", again.Image.Config.Labels["containers.bootc"]);
        Assert.Equal("yes", again.Image.Config.Labels["org.example.kept"]);
        Assert.Equal("5", again.Image.Version);
        Assert.Equal(pulled.Image.MergeCommit, other.Repository.LoadCommit(again.Image.MergeCommit).Parent);
        Assert.Equal(["ostree.sign.ed25519"], other.Repository.LoadDetachedMetadata(pulled.Image.MergeCommit)!.Keys);
        Oracle.Run("ostree", "fsck", $"--repo={other.Path}").Succeeded();
    }

    [Fact]
    public async Task A_damaged_commit_becomes_no_image()
    {
        Oracle.Require();
        using var test = new TestRepository();
        Checksum commit = Commit(test, new PackagedTree(test.Folder["tree"]).Fill());
        Checksum file = test.Repository.OpenTree(commit).TryGetFile("usr/bin/alpha")!.Value;
        File.Delete(Path.Combine(test.Folder["repo/objects"], new ObjectName(file, ObjectType.File).PathIn(RepositoryMode.Bare)));

        await Assert.ThrowsAsync<ObjectNotFoundException>(() => EncapsulateAsync(test, commit, $"oci:{test.Folder["image"]}:1"));

        Assert.False(File.Exists(test.Folder["image/index.json"]));
    }

    private static async Task<EncapsulatedCommit> EncapsulateAsync(TestRepository test, Checksum commit, string image, EncapsulationOptions? options = null)
    {
        await using IImageDestination destination = ImageDestinations.Open(ImageReference.Parse(image), new OciOptions { Root = "/nonexistent", TemporaryDirectory = test.Folder.Path });
        return await new CommitEncapsulation(test.Repository, commit, options ?? new EncapsulationOptions()).WriteAsync(destination, null, CancellationToken.None);
    }

    private static async Task<ImageManifest> ManifestAsync(string image)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image));
        return (await source.FetchManifestAsync(Platform.Current, CancellationToken.None)).Manifest;
    }

    private static Checksum Commit(TestRepository test, PackagedTree tree)
    {
        string commit = Oracle.Run(
            "ostree", "commit", $"--repo={test.Path}", "--orphan", "--no-bindings", "-s", "A build", "--timestamp=@1700000000",
            "--add-metadata-string=version=7", "--add-metadata=ostree.bootable=true", $"--tree=dir={tree.WriteStatus().Path}").Succeeded().Trim();
        return Checksum.Parse(commit);
    }

    private static string Listing(string root)
    {
        string names = Peer.Run("find", root, "-mindepth", "1", "-printf", "%P|%y|%m|%U:%G|%l\n").Succeeded();
        string contents = Peer.Run("sh", "-c", "cd \"$0\" && find . -type f -exec sha256sum {} +", root).Succeeded();
        return string.Join('\n', (names + contents).Split('\n').Order(StringComparer.Ordinal));
    }

    // A tree with packages as dpkg keeps them in an image.
    private sealed class PackagedTree(string path)
    {
        private const string Database = "usr/lib/sysimage/dpkg";
        private readonly SortedDictionary<string, (string Version, string Source)> _packages = new(StringComparer.Ordinal);

        public string Path { get; } = path;

        public PackagedTree Fill()
        {
            foreach (string directory in (string[])["usr/bin", "usr/etc", "sysroot", "boot", "dev", "run", "var/lib", $"{Database}/info"])
            {
                Directory.CreateDirectory(System.IO.Path.Combine(Path, directory));
            }

            File.CreateSymbolicLink(System.IO.Path.Combine(Path, "bin"), "usr/bin");
            File.CreateSymbolicLink(System.IO.Path.Combine(Path, "var/lib/dpkg"), "../../usr/lib/sysimage/dpkg");
            Package("alpha", "1", "alpha", ("bin/alpha", "alpha"), ("etc/alpha.conf", "a=1"), ("usr/share/empty", ""));
            Package("beta", "1", "beta", ("usr/bin/beta", "beta"), ("usr/share/beta/shared", "the same content"));
            Package("gamma", "1", "gamma", ("usr/bin/gamma", new string('g', 300_000)), ("usr/share/gamma/shared", "the same content"));
            File.CreateSymbolicLink(System.IO.Path.Combine(Path, "usr/bin/gamma-link"), "gamma");
            File.AppendAllText(System.IO.Path.Combine(Path, Database, "info/gamma:amd64.list"), "/usr/bin/gamma-link\n");
            Write("usr/lib/modules/6.0/vmlinuz", "kernel").Write("usr/lib/modules/6.0/initramfs.img", "initramfs").Write("usr/etc/ld.so.cache", "cache").Write("opt/local", "not of a package");
            using DirectoryHandle handle = DirectoryHandle.Open(Path);
            handle.SetExtendedAttribute("usr/bin/beta", "user.binary", [0, 255, 10, 0]);
            handle.SetOwner("usr/bin/alpha", 70_000, 3_000_000);
            handle.SetExtendedAttribute("usr/share", "user.of-a-directory", "1"u8);
            return this;
        }

        public PackagedTree Package(string name, string version, string source, params (string Path, string Content)[] files)
        {
            _packages[name] = (version, source);
            var list = new StringBuilder("/.\n/usr\n");
            foreach ((string file, string content) in files)
            {
                Write(file.StartsWith("etc/", StringComparison.Ordinal) ? "usr/" + file : file, content);
                list.Append('/').Append(file).Append('\n');
            }

            return Write($"{Database}/info/{name}{(name == "gamma" ? ":amd64" : "")}.list", list.ToString());
        }

        public PackagedTree Write(string file, string content)
        {
            string full = System.IO.Path.Combine(Path, file);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
            File.WriteAllText(full, content);
            return this;
        }

        public PackagedTree WriteStatus() => Write(
            $"{Database}/status",
            string.Concat(_packages.Select(package => $"Package: {package.Key}\nStatus: install ok installed\nArchitecture: amd64\nSource: {package.Value.Source} (1.0)\nVersion: {package.Value.Version}\n\n")));
    }
}
