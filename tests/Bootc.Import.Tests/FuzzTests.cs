// Layers as hostile images have them: read or refused, in bounded memory, and nothing of them stays half done.
using System.Formats.Tar;
using System.Text;
using Bootc.Import.Tar;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Testing;
using Xunit;
using TarReader = Bootc.Import.Tar.TarReader;

namespace Bootc.Import.Tests;

public sealed class FuzzTests
{
    private const string Hex = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    public static TheoryData<string> Formats => ["gnu", "posix", "ustar", "v7", "oldgnu", "sparse"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Tar_streams(string format)
    {
        Peer.Require("tar");
        using var directory = new TestDirectory("fuzz");
        byte[] tar = MakeTar(directory, format);
        var mutator = new Mutator(format.Length);
        byte[] buffer = new byte[64 * 1024];

        int refused = Fuzz.Run(3000, () => mutator.MutateTar(tar), content =>
        {
            using var reader = new TarReader(new MemoryStream(content), "the layer");
            while (reader.Next() is { } entry)
            {
                Assert.True(entry.Size >= 0);
                _ = reader.Read(buffer);
            }
        }, e => e is TarFormatException);

        Assert.InRange(refused, 300, 3000);
    }

    [Fact]
    public void Layers()
    {
        using var test = new TestRepository();
        byte[] tar = new OsLayer()
            .Directory("usr").Directory("usr/bin").File("usr/bin/tool", "#!/bin/sh\n", mode: 0x9ED, uid: 5, gid: 6).SymbolicLink("bin", "usr/bin").HardLink("usr/bin/again", "usr/bin/tool")
            .File("etc/config", "x", attributes: new Dictionary<string, string> { ["user.comment"] = "a value" }).Whiteout("usr/gone").OpaqueWhiteout("usr/bin").File("tmp/left-out", "y").ToTar();
        var mutator = new Mutator(21);

        int refused = Fuzz.Run(1500, () => mutator.MutateTar(tar), content =>
        {
            using RepositoryTransaction transaction = test.Repository.BeginTransaction();
            LayerDirectory root = new LayerImporter(transaction, "the layer", CancellationToken.None).Import(new MemoryStream(content));
            root.Write(transaction);
        }, e => e is ImportException or InsufficientSpaceException);

        Assert.InRange(refused, 200, 1500);
        Assert.Empty(test.Repository.ListObjects());
    }

    [Fact]
    public void Documents_that_commits_keep()
    {
        byte[] config = Encoding.UTF8.GetBytes($$$"""
            {"architecture":"amd64","os":"linux","config":{"Labels":{"ostree.final-diffid":"sha256:{{{Hex}}}","ostree.commit":"{{{Hex}}}"},"Env":["A=b"]},"rootfs":{"type":"layers","diff_ids":["sha256:{{{Hex}}}"]}}
            """);
        var manifest = new ImageManifest { Config = Blob(), Layers = [Blob()] };
        var mutator = new Mutator(22);

        Fuzz.Run(4000, () => mutator.MutateText(config), content =>
        {
            ImageConfig read = ImageConfig.Parse(content, "it");
            _ = CanonicalJson.Write(content);
            if (read.RootFs.DiffIds.Length == 1)
            {
                _ = OstreeLayout.Read(manifest, read, "it");
            }
        }, e => e is ImportException or Bootc.Oci.OciException);

        static Descriptor Blob() => new() { Digest = Digest.Parse($"sha256:{Hex}"), Size = 1 };
    }

    [Fact]
    public void Trees_that_are_too_deep_and_targets_that_are_too_long_are_refused()
    {
        using var test = new TestRepository();
        string deep = string.Join('/', Enumerable.Repeat("d", 100_000));

        Refuses(new OsLayer().File(deep, "x"), "directories deep");
        Refuses(new OsLayer().Directory(deep), "directories deep");
        Refuses(new OsLayer().SymbolicLink("link", new string('x', 5000)), "more than the 4095 that Linux allows");
        Refuses(new OsLayer().File("file", "x").HardLink("link", deep), "directories deep");
        Refuses(new OsLayer().File($"usr/{new string('n', 256)}", "x"), "has a name of more than the 255 bytes that Linux allows");
        Refuses(new OsLayer().File(string.Join('/', Enumerable.Repeat(new string('d', 250), 17)), "x"), "has more than the 4095 bytes that Linux allows");

        void Refuses(OsLayer layer, string why)
        {
            using RepositoryTransaction transaction = test.Repository.BeginTransaction();
            ImportException e = Assert.Throws<ImportException>(() => new LayerImporter(transaction, "the layer", CancellationToken.None).Import(new MemoryStream(layer.ToTar())));
            Assert.Contains(why, e.Message);
        }
    }

    // Compressed, such a layer has a few kilobytes.
    [Fact]
    public void Directories_without_entries_are_bounded()
    {
        using var test = new TestRepository();
        var layer = new OsLayer();
        string below = string.Concat(Enumerable.Repeat("/d", 998));
        for (int i = 0; i < 100; i++)
        {
            layer.File($"{i}{below}/file", "");
        }

        using RepositoryTransaction transaction = test.Repository.BeginTransaction();
        ImportException e = Assert.Throws<ImportException>(() => new LayerImporter(transaction, "the layer", CancellationToken.None).Import(new MemoryStream(layer.ToTar())));

        Assert.Equal("the layer has no entries for so many directories that their paths are longer than 64 MiB", e.Message);
    }

    // A header of 512 bytes may say that exabytes of zeros follow.
    [Theory]
    [InlineData("1000000000000")]
    [InlineData("9223372036854775807")]
    public void Holes_without_end_are_refused(string size)
    {
        byte[] tar = new OsLayer().Add(new PaxTarEntry(TarEntryType.RegularFile, "hole", new Dictionary<string, string> { ["GNU.sparse.map"] = "0,0", ["GNU.sparse.size"] = size })).ToTar();
        using var test = new TestRepository();
        using RepositoryTransaction transaction = test.Repository.BeginTransaction();

        TarFormatException e = Assert.Throws<TarFormatException>(() => new LayerImporter(transaction, "the layer", CancellationToken.None).Import(new MemoryStream(tar)));

        Assert.Contains($"with 'hole' of {size} bytes, the files have more than", e.Message);
    }

    [Fact]
    public void A_number_of_a_sparse_map_that_is_out_of_range_is_refused()
    {
        byte[] map = new byte[512];
        "1\n99999999999999999999\n1\n"u8.CopyTo(map);
        PaxTarEntry entry = new(TarEntryType.RegularFile, "sparse", new Dictionary<string, string> { ["GNU.sparse.major"] = "1", ["GNU.sparse.minor"] = "0", ["GNU.sparse.realsize"] = "10" }) { DataStream = new MemoryStream(map) };

        Assert.Throws<TarFormatException>(() => TarListing.Of(new MemoryStream(new OsLayer().Add(entry).ToTar())));
    }

    [Fact]
    public void Headers_that_add_up_are_bounded()
    {
        var attributes = new Dictionary<string, string> { ["comment"] = new string('x', 60_000) };
        byte[] global = new OsLayer().Add(new PaxGlobalExtendedAttributesTarEntry(attributes)).Add(new PaxGlobalExtendedAttributesTarEntry(attributes)).File("file", "x").ToTar();
        byte[] local = new OsLayer().File("file", "x", attributes: new Dictionary<string, string> { ["user.a"] = new string('x', 600_000) }).ToTar();
        int size = Convert.ToInt32(Encoding.ASCII.GetString(local, 124, 11), 8);
        byte[] header = local[..(512 + ((size + 511) / 512 * 512))];

        Assert.Contains("for all entries", Assert.Throws<TarFormatException>(() => TarListing.Of(new MemoryStream(global))).Message);
        Assert.Contains("of one entry", Assert.Throws<TarFormatException>(() => TarListing.Of(new MemoryStream([.. header, .. local]))).Message);
        Assert.Single(TarListing.Of(new MemoryStream(local)));
    }

    // The blocks of an old sparse map may lie where the buffer ends: what the header said before is not lost.
    [Fact]
    public void A_sparse_map_of_many_blocks_does_not_harm_the_header()
    {
        Peer.Require("tar");
        using var directory = new TestDirectory("sparse");
        Directory.CreateDirectory(directory["tree"]);
        for (int i = 0; i < 40; i++)
        {
            using FileStream file = File.Create(directory[$"tree/sparse-{i}"]);
            for (int part = 0; part < 60; part++)
            {
                file.Position = part * 65536L;
                file.Write(Encoding.ASCII.GetBytes($"{i} {part}"));
            }
        }

        Peer.Run("tar", "--format=oldgnu", "--sparse", "--owner=77", "--group=88", "-C", directory["tree"], "-cf", directory["it.tar"], ".").Succeeded();

        string[] lines = TarListing.Of(directory["it.tar"]);

        Assert.Equal(41, lines.Length);
        Assert.All(lines, line => Assert.Contains("|77:88|", line));
    }

    private static byte[] MakeTar(TestDirectory directory, string format)
    {
        Directory.CreateDirectory(directory["tree"]);
        directory.Write("tree/file", new string('x', 3000));
        directory.Write("tree/" + new string('n', format is "v7" or "ustar" ? 60 : 150), "y");
        File.CreateSymbolicLink(directory["tree/link"], "file");
        if (format == "sparse")
        {
            using FileStream file = File.Create(directory["tree/sparse"]);
            for (int part = 0; part < 6; part++)
            {
                file.Position = part * 65536L;
                file.WriteByte(1);
            }
        }

        string[] options = format == "sparse" ? ["--format=posix", "--sparse"] : ["--format=" + format];
        Peer.Run("tar", [.. options, "-b1", "-C", directory["tree"], "-cf", directory["it.tar"], "."]).Succeeded();
        return File.ReadAllBytes(directory["it.tar"]);
    }
}
