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
        var mutator = new Mutator(20_240_601);
        byte[][] objects =
        [
            new Commit(new VariantDictionary { { "a", GVariantValue.FromString("text") }, { "b", GVariantValue.FromStringArray(["x", "y"]) } },
                Checksum.Compute("parent"u8), "subject", "body", 1, Checksum.Compute("tree"u8), Checksum.Compute("meta"u8)).Serialize(),
            new DirTree(
                [new DirTreeFile("file", Checksum.Compute("f"u8)), new DirTreeFile("other", Checksum.Compute("g"u8))],
                [new DirTreeDirectory("directory", Checksum.Compute("t"u8), Checksum.Compute("m"u8))]).Serialize(),
            new DirMeta(1, 2, ModeBits.Directory | 0x1ED, ExtendedAttributeList.Create([new ExtendedAttribute("user.a", [1, 2, 3])])).Serialize(),
        ];
        int kind = 0;
        int refused = Fuzz.Run(
            20_000,
            () => mutator.Mutate(objects[++kind % objects.Length]),
            content => _ = (kind % objects.Length) switch
            {
                0 => (object)Touch(Commit.Parse(content)),
                1 => DirTree.Parse(content),
                _ => DirMeta.Parse(content),
            },
            e => e is GVariantException);

        Assert.InRange(refused, 5_000, 20_000);
    }

    // Types come from the data too, in variants.
    [Fact]
    public void Damaged_values_of_any_type_give_the_one_error_and_nothing_else()
    {
        GVariantValue value = GVariantValue.Tuple(
            GVariantValue.Variant(new VariantDictionary { { "a", GVariantValue.FromString("text") }, { "n", GVariantValue.FromUInt64(7) }, { "l", GVariantValue.FromStringArray(["x", "", "y"]) } }.ToValue()),
            GVariantValue.Array("(sv)", GVariantValue.Tuple(GVariantValue.FromString("k"), GVariantValue.Variant(GVariantValue.Variant(GVariantValue.FromBoolean(true))))),
            GVariantValue.FromBytes(new byte[] { 1, 2, 3 }));
        string[] types = [value.Type, "v", "av", "a{sv}", "a{sa{sv}}", "(vay)", "mv", "ams", "a(uuua(ayay))", "aaaaay", "a(say)", "(a{sv}aya(say)sstayay)"];
        var mutator = new Mutator(3);

        int refused = Fuzz.Run(
            20_000,
            () => mutator.Mutate(value.Data.Span),
            content => Walk(new GVariantValue(types[mutator.Random.Next(types.Length)], content), 0),
            e => e is GVariantException);

        Assert.InRange(refused, 1_000, 20_000);
    }

    [Theory]
    [InlineData("(((((")]
    [InlineData("a{vs}")]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("mmmmmmmmm")]
    public void A_type_that_is_none_is_the_one_error(string type) => Assert.Throws<GVariantException>(() => Walk(new GVariantValue(type, new byte[8]), 0));

    [Fact]
    public void Variants_within_variants_without_end_are_refused_or_read()
    {
        byte[] deep = [.. Enumerable.Repeat(new byte[] { 0, (byte)'v' }, 200_000).SelectMany(each => each)];
        string types = new string('a', 100_000) + "y";

        Fuzz.Run(1, () => deep, content => Walk(new GVariantValue("v", content), 0), e => e is GVariantException);
        Assert.Throws<GVariantException>(() => Walk(new GVariantValue(types, new byte[8]), 0));
        Assert.Throws<GVariantException>(() => Walk(new GVariantValue(new string('(', 100_000) + "y" + new string(')', 100_000), new byte[8]), 0));
    }

    // All that a reader of the value could ask for.
    private static void Walk(GVariantValue value, int depth)
    {
        if (depth > 60)
        {
            return;
        }

        switch (value.Type[0])
        {
            case 'v':
                Walk(value.AsVariant(), depth + 1);
                break;
            case '(' or '{':
                foreach (GVariantValue member in value.AsTuple())
                {
                    Walk(member, depth + 1);
                }

                break;
            case 'a':
                foreach (GVariantValue element in value.AsArray())
                {
                    Walk(element, depth + 1);
                }

                break;
            case 'm':
                if (value.AsMaybe() is { } inner)
                {
                    Walk(inner, depth + 1);
                }

                break;
            case 's':
                _ = value.AsString();
                break;
            case 'b':
                _ = value.AsBoolean();
                break;
        }
    }

    private static Commit Touch(Commit commit)
    {
        foreach ((_, GVariantValue value) in commit.Metadata)
        {
            _ = value.Type == "s" ? value.AsString() : (object)value.Data;
        }

        return commit;
    }
}
