// The GVariant serialization, against what libostree writes and reads.
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class GVariantTests
{
    [Fact]
    public void Values_of_every_kind_are_read_back()
    {
        GVariantValue value = GVariantValue.Tuple(
            GVariantValue.FromByte(7),
            GVariantValue.FromBoolean(true),
            GVariantValue.FromUInt32(0xdeadbeef),
            GVariantValue.FromUInt64(ulong.MaxValue - 1),
            GVariantValue.FromString("grüße"),
            GVariantValue.FromStringArray(["", "one", new string('x', 70_000)]),
            GVariantValue.Variant(GVariantValue.Array("s")),
            GVariantValue.FromBytes(new byte[] { 1, 2, 3 }));

        GVariantValue[] members = new GVariantValue("(ybutsasvay)", value.Data).AsTuple();

        Assert.Equal(7, members[0].AsByte());
        Assert.True(members[1].AsBoolean());
        Assert.Equal(0xdeadbeef, members[2].AsUInt32());
        Assert.Equal(ulong.MaxValue - 1, members[3].AsUInt64());
        Assert.Equal("grüße", members[4].AsString());
        Assert.Equal(["", "one", new string('x', 70_000)], members[5].AsStringArray());
        Assert.Equal("as", members[6].AsVariant().Type);
        Assert.Equal([1, 2, 3], members[7].AsBytes().ToArray());
    }

    [Theory]
    [InlineData(10)]
    [InlineData(251)]
    [InlineData(252)]
    [InlineData(253)]
    [InlineData(254)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(65_530)]
    [InlineData(65_531)]
    [InlineData(65_534)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(70_000)]
    public void Containers_where_the_size_of_offsets_changes_are_what_libostree_reads(int size)
    {
        Oracle.Require();
        using var directory = new TestDirectory();
        Directory.CreateDirectory(directory["tree"]);
        Directory.CreateDirectory(directory["repo"]);
        using Repository repository = Repository.Create(DirectoryHandle.Open(directory["repo"]), RepositoryMode.Bare);
        string text = new('x', size - 1);
        Checksum commit = TreeCommit.Write(repository, directory["tree"], "main", metadata: new VariantDictionary { { "key", GVariantValue.FromString(text) } });

        Assert.Equal($"'{text}'", Oracle.Run("ostree", "show", $"--repo={directory["repo"]}", "--print-metadata-key=key", "main").Succeeded().Trim());
        Assert.Equal(text, repository.LoadCommit(commit).Metadata.TryGetString("key"));
    }

    [Fact]
    public void Metadata_that_libostree_wrote_is_read()
    {
        Oracle.Require();
        using var directory = new TestDirectory();
        Directory.CreateDirectory(directory["tree"]);
        Oracle.Run("ostree", "init", $"--repo={directory["repo"]}", "--mode=bare").Succeeded();
        Oracle.Run("ostree", "commit", $"--repo={directory["repo"]}", "-b", "main", "--tree=dir=" + directory["tree"], "--add-metadata-string=text=hello",
            "--add-metadata=number=uint32 42", "--add-metadata=list=['a', 'b']", "--add-metadata=deep=<(uint64 7, [<'x'>, <true>], {'k': <int32 -1>})>").Succeeded();
        using Repository repository = Repository.Open(directory["repo"]);

        VariantDictionary metadata = repository.LoadCommit(repository.ResolveCommit("main")).Metadata;

        Assert.Equal("hello", metadata.TryGetString("text"));
        Assert.Equal(42u, metadata.TryGet("number")!.Value.AsUInt32());
        Assert.Equal(["a", "b"], metadata.TryGet("list")!.Value.AsStringArray());
        GVariantValue[] deep = metadata.TryGet("deep")!.Value.AsVariant().AsTuple();
        Assert.Equal(7ul, deep[0].AsUInt64());
        Assert.Equal(["s", "b"], deep[1].AsArray().Select(value => value.AsVariant().Type));
        Assert.Equal(-1, VariantDictionary.FromValue(deep[2]).TryGet("k")!.Value.AsInt32());
    }

    [Fact]
    public void Damaged_objects_give_the_one_error_and_nothing_else()
    {
        var random = new Random(20_240_601);
        byte[][] objects =
        [
            new Commit(new VariantDictionary { { "a", GVariantValue.FromString("text") }, { "b", GVariantValue.FromStringArray(["x", "y"]) } },
                Checksum.Compute("parent"u8), "subject", "body", 1, Checksum.Compute("tree"u8), Checksum.Compute("meta"u8)).Serialize(),
            new DirTree(
                [new DirTreeFile("file", Checksum.Compute("f"u8)), new DirTreeFile("other", Checksum.Compute("g"u8))],
                [new DirTreeDirectory("directory", Checksum.Compute("t"u8), Checksum.Compute("m"u8))]).Serialize(),
            new DirMeta(1, 2, ModeBits.Directory | 0x1ED, ExtendedAttributeList.Create([new ExtendedAttribute("user.a", [1, 2, 3])])).Serialize(),
        ];
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            int kind = round % objects.Length;
            byte[] mutated = Mutate(objects[kind], random);
            try
            {
                _ = kind switch
                {
                    0 => (object)Touch(Commit.Parse(mutated)),
                    1 => DirTree.Parse(mutated),
                    _ => DirMeta.Parse(mutated),
                };
            }
            catch (GVariantException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 5_000, 20_000);
    }

    private static Commit Touch(Commit commit)
    {
        foreach ((_, GVariantValue value) in commit.Metadata)
        {
            _ = value.Type == "s" ? value.AsString() : (object)value.Data;
        }

        return commit;
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] bytes = [.. original];
        switch (random.Next(3))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                return [.. bytes, .. new byte[random.Next(1, 9)]];
            default:
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                return bytes;
        }
    }
}
