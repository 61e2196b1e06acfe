// What is written to tar streams is what others, and our own reader, read from them.
using Bootc.Import.Tar;
using Bootc.Linux;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class TarWriterTests
{
    private static readonly TarEntry[] Entries =
    [
        Entry(TarEntryKind.Directory, "./", 0x1ED),
        Entry(TarEntryKind.RegularFile, "plain", 0x9ED, 3, 4),
        Entry(TarEntryKind.RegularFile, new string('n', 100)),
        Entry(TarEntryKind.RegularFile, $"{new string('p', 155)}/{new string('n', 100)}"),
        Entry(TarEntryKind.RegularFile, $"{new string('p', 156)}/{new string('n', 100)}"),
        Entry(TarEntryKind.RegularFile, new string('n', 101)),
        Entry(TarEntryKind.Directory, $"{new string('d', 99)}/{new string('d', 99)}/"),
        Entry(TarEntryKind.RegularFile, string.Join('/', Enumerable.Repeat(new string('x', 60), 30))),
        Entry(TarEntryKind.RegularFile, "grüße/日本語"),
        Entry(TarEntryKind.RegularFile, "owners", 0x1A4, 2097151, 2097152),
        Entry(TarEntryKind.RegularFile, "owners-of-user-namespaces", 0x1A4, 4294967294, 4000000000),
        Entry(TarEntryKind.SymbolicLink, "link") with { LinkName = "../..//denormal" },
        Entry(TarEntryKind.SymbolicLink, "long-link") with { LinkName = new string('t', 200) },
        Entry(TarEntryKind.HardLink, "hard") with { LinkName = "plain" },
        Entry(TarEntryKind.RegularFile, "attributes") with { ExtendedAttributes = [new("user.binary", [0, 10, 255]), new("user.empty", []), new("user.long", new byte[990])] },
    ];

    [Fact]
    public void What_is_written_is_read_again()
    {
        byte[] tar = Write(Entries);

        using ILayerReader reader = new TarReader(new MemoryStream(tar), "the stream");
        foreach (TarEntry expected in Entries)
        {
            TarEntry actual = reader.Next()!;
            Assert.Equal(expected with { ExtendedAttributes = [] }, actual with { ExtendedAttributes = [], Size = 0 });
            Assert.Equal(expected.ExtendedAttributes.Select(attribute => (attribute.Name, Convert.ToHexString(attribute.Value))), actual.ExtendedAttributes.Select(attribute => (attribute.Name, Convert.ToHexString(attribute.Value))));
            byte[] content = new byte[actual.Size];
            Assert.Equal(content.Length, reader.Fill(content));
            Assert.Equal(ContentOf(expected), content);
        }

        Assert.Null(reader.Next());
        Assert.Equal(tar, Write(Entries));
    }

    [Fact]
    public void Gnu_tar_and_the_class_library_read_it()
    {
        using var directory = new TestDirectory();
        TarEntry[] entries = [.. Entries.Where(entry => entry.Uid <= int.MaxValue && entry.ExtendedAttributes.Count == 0)]; // that class takes no larger ones, and no binary values
        File.WriteAllBytes(directory["it.tar"], Write(entries));
        string listing = Peer.Run("tar", "--numeric-owner", "--quoting-style=literal", "-tf", directory["it.tar"]).Succeeded();
        using var reader = new System.Formats.Tar.TarReader(File.OpenRead(directory["it.tar"]));
        var names = new List<string>();
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            names.Add(entry.Name);
            Assert.Equal(entries[names.Count - 1].LinkName, entry.LinkName);
        }

        Assert.Equal(entries.Select(entry => entry.Name), listing.TrimEnd('\n').Split('\n'));
        Assert.Equal(entries.Select(entry => entry.Name), names);
    }

    [Fact]
    public void Content_that_is_too_short_is_an_error()
    {
        using var writer = new TarWriter(new MemoryStream());

        Assert.Throws<EndOfStreamException>(() => writer.Write(Entry(TarEntryKind.RegularFile, "short") with { Size = 10 }, new MemoryStream(new byte[9]), CancellationToken.None));
    }

    private static byte[] Write(TarEntry[] entries)
    {
        var tar = new MemoryStream();
        using var writer = new TarWriter(tar);
        for (int i = 0; i < entries.Length; i++)
        {
            byte[] content = ContentOf(entries[i]);
            if (content.Length == 0)
            {
                writer.Write(entries[i]);
            }
            else if (i % 2 == 0)
            {
                writer.Write(entries[i], content);
            }
            else
            {
                writer.Write(entries[i] with { Size = content.Length }, new MemoryStream(content), CancellationToken.None);
            }
        }

        writer.Complete();
        return tar.ToArray();
    }

    private static byte[] ContentOf(TarEntry entry) => entry.Kind == TarEntryKind.RegularFile ? new byte[entry.Name.Length * 7 % 1500] : [];

    private static TarEntry Entry(TarEntryKind kind, string name, uint permissions = 0x1A4, uint uid = 0, uint gid = 0) => new()
    {
        Kind = kind,
        Name = name,
        LinkName = "",
        Permissions = permissions,
        Uid = uid,
        Gid = gid,
        Size = 0,
        ExtendedAttributes = [],
    };
}
