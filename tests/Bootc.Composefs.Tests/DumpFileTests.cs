// Dump files: what is escaped and how, and what the errors say.
using System.Text;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class DumpFileTests
{
    private const string Root = "/ 0 40755 2 0 0 0 0.0 - - -\n";

    [Fact]
    public void Odd_bytes_are_escaped_and_read_again()
    {
        var root = new ComposefsNode(ModeBits.Directory | 0x1ED);
        var file = new ComposefsNode(ModeBits.Regular | 0x1A4) { Content = [(byte)'-'], ModifiedSeconds = -5, ModifiedNanoseconds = 7 };
        file.SetExtendedAttribute("user.a=b", "c=d\\"u8.ToArray());
        root.Add(FileName.Decode([(byte)' ', (byte)'\n', (byte)'\t', (byte)'\r', (byte)'\\', (byte)'=', 0xff, 1]), file);
        root.Add("link", new ComposefsNode(ModeBits.SymbolicLink | 0x1FF) { Payload = "-" });
        root.Add("other", new ComposefsNode(file.Mode) { HardLinkTarget = file });

        string text = Write(root);

        const string Expected = """
            / 0 40755 2 0 0 0 0.0 - - -
            /\x20\n\t\r\\=\xff\x01 1 100644 1 0 0 0 -5.7 - \x2d - user.a\x3db=c\x3dd\\
            /link 1 120777 1 0 0 0 0.0 \x2d - -
            /other 1 @100644 1 0 0 0 -5.7 /\x20\n\t\r\\=\xff\x01 \x2d - user.a\x3db=c\x3dd\\

            """;
        Assert.Equal(Expected, text);
        Assert.Equal(Expected, Write(Read(text)));
    }

    [Theory]
    [InlineData("", "the dump file has no root")]
    [InlineData("/a 0 100644 1 0 0 0 0.0 - - -\n", "line 1 of the dump file: '/a' comes before the root")]
    [InlineData("/ 0 100644 1 0 0 0 0.0 - - -\n", "line 1 of the dump file: the root is no directory")]
    [InlineData(Root + Root, "line 2 of the dump file: there are two roots")]
    [InlineData(Root + "/a/b 0 100644 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: the parent directory of '/a/b' is missing")]
    [InlineData(Root + "/a 0 100644 1 0 0 0 0.0 - - -\n/a/b 0 100644 1 0 0 0 0.0 - - -\n", "line 3 of the dump file: the parent directory of '/a/b' is missing")]
    [InlineData(Root + "/a 0 100644 1 0 0 0 0.0 - - -\n/a 0 100644 1 0 0 0 0.0 - - -\n", "line 3 of the dump file: there are two files 'a' in one directory")]
    [InlineData(Root + "/.. 0 100644 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: '..' is no valid file name")]
    [InlineData(Root + "/a x 100644 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: the size 'x' is no number")]
    [InlineData(Root + "/a 0 100648 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: '100648' is no octal mode")]
    [InlineData(Root + "/a 0 777 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: 777 is no file mode")]
    [InlineData(Root + "/a 0 100644 1 0 0 0 0 - - -\n", "line 2 of the dump file: the mtime '0' is not seconds and nanoseconds with a dot between")]
    [InlineData(Root + "/a 0 100644 1 0 0 0 0.0 \\q - -\n", "line 2 of the dump file: '\\q' has an invalid escape")]
    [InlineData(Root + "/a 0 100644 1 0 0 0 0.0 \\x4 - -\n", "line 2 of the dump file: '\\x4' has an invalid escape")]
    [InlineData(Root + "/a 2 100644 1 0 0 0 0.0 - x -\n", "line 2 of the dump file: the content has 1 bytes, and the size is 2")]
    [InlineData(Root + "/a 9 100644 1 0 0 0 0.0 - - abc\n", "line 2 of the dump file: 'abc' is no fs-verity digest")]
    [InlineData(Root + "/a 0 100644 1 0 0 0 0.0 - - - user.x\n", "line 2 of the dump file: an extended attribute has no '='")]
    [InlineData(Root + "/a 0 120777 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: a symbolic link has an empty target")]
    [InlineData(Root + "/a 0 @100644 1 0 0 0 0.0 /b - -\n", "the target '/b' of a hard link is missing")]
    [InlineData(Root + "/a 0 @100644 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: the hard link '/a' has no target")]
    [InlineData(Root + "/a 0 @100644 1 0 0 0 0.0 /b - -\n/b 0 @100644 1 0 0 0 0.0 /a - -\n", "hard links form a circle")]
    [InlineData(Root + "\n", "line 2 of the dump file: the path is empty")]
    [InlineData(Root + "/a\\x00b 0 100644 1 0 0 0 0.0 - - -\n", "line 2 of the dump file: 'a\0b' is no valid file name")]
    [InlineData(Root + "/a 1 100644 1 0 0 0 0.0 b\\x00 - -\n", "line 2 of the dump file: a path has a NUL character")]
    [InlineData(Root + "/a 0 100644 1 0 0 0 0.0 - - - user.a\\x00b=c\n", "line 2 of the dump file: the name of an extended attribute has a NUL character")]
    [InlineData(Root + "/a 0 100644 1 4294967296 0 0 0.0 - - -\n", "line 2 of the dump file: the uid 4294967296 is larger than 4294967295")]
    [InlineData(Root + "/a 0 20644 1 0 0 4294967296 0.0 - - -\n", "line 2 of the dump file: the device number 4294967296 is larger than 4294967295")]
    [InlineData(Root + "/a\0 0\n", "line 2 of the dump file: there is a NUL character at position 2")]
    public void Malformed_line_is_refused_with_its_number_and_the_reason(string text, string reason)
    {
        var refusal = Assert.Throws<ComposefsFormatException>(() => Read(text));

        Assert.Equal(reason, refusal.Message);
    }

    [Fact]
    public void Link_may_come_before_what_it_links_to_and_lead_there_over_others()
    {
        ComposefsNode root = Read(Root + "/a 0 @100644 1 0 0 0 0.0 /b - -\n/b 0 @100644 1 0 0 0 0.0 /c - -\n/c 0 100600 3 0 0 0 0.0 - - -\n");

        Assert.Same(root.Children["c"], root.Children["a"].HardLinkTarget);
        Assert.Same(root.Children["c"], root.Children["b"].HardLinkTarget);
    }

    [Fact]
    public void Long_chain_of_hard_links_takes_no_longer_than_its_links()
    {
        var text = new StringBuilder(Root);
        for (int i = 0; i < 100_000; i++)
        {
            text.Append($"/{i} 0 @100644 1 0 0 0 0.0 /{i + 1} - -\n");
        }

        ComposefsNode root = Read(text.Append("/100000 0 100644 1 0 0 0 0.0 - - -\n").ToString());

        Assert.Same(root.Children["100000"], root.Children["0"].HardLinkTarget);
    }

    [Fact]
    public void Directories_nested_too_deep_are_refused()
    {
        var text = new StringBuilder(Root);
        for (int depth = 1; depth <= 2049; depth++)
        {
            text.Append(string.Concat(Enumerable.Repeat("/d", depth))).Append(" 0 40755 2 0 0 0 0.0 - - -\n");
        }

        var refusal = Assert.Throws<ComposefsFormatException>(() => Read(text.ToString()));

        Assert.Equal("line 2050 of the dump file: directories are nested more than 2048 deep", refusal.Message);
    }

    [Fact]
    public void Endless_line_is_refused()
    {
        using var endless = new EndlessStream();

        var refusal = Assert.Throws<ComposefsFormatException>(() => DumpFile.Read(endless));

        Assert.Equal("a line of the dump file is longer than 16777216 bytes", refusal.Message);
    }

    [Fact]
    public void Lines_may_come_in_any_pieces_and_the_last_one_without_an_end()
    {
        string text = Root + "/file 3 100644 1 0 0 0 0.0 - abc -\n/" + new string('n', 250) + " 4000 100644 1 0 0 0 0.0 - " + new string('c', 4000) + " -";

        ComposefsNode root = DumpFile.Read(new TrickleStream(Encoding.ASCII.GetBytes(text)));

        Assert.Equal(text + "\n", Write(root));
    }

    [Fact]
    public void File_too_large_for_an_image_is_refused_with_its_path()
    {
        string text = Root + "/d 0 40755 2 0 0 0 0.0 - - -\n/d/a 9007199254740993 100644 1 0 0 0 0.0 - - -\n";

        var refusal = Assert.Throws<ComposefsFormatException>(() => ComposefsImage.ComputeDigest(Read(text)));

        Assert.Equal("the file '/d/a' of 9007199254740993 bytes is too large for a composefs image", refusal.Message);
    }

    [Fact]
    public void Backing_file_may_have_an_absolute_name()
    {
        Oracle.Require();
        using var directory = new TestDirectory("dump");
        string text = Root.Replace("/ 0 ", "/ 4096 ") + "/a 4 100644 1 0 0 0 0.0 /some/where - -\n/b 4 100644 1 0 0 0 0.0 some/where - -\n";
        Oracle.Run("mkcomposefs", "--from-file", directory.Write("dump", text), directory["reference"]).Succeeded();
        var image = new MemoryStream();

        ComposefsImage.Write(Read(text), image);

        Assert.Equal(File.ReadAllBytes(directory["reference"]), image.ToArray());
        Assert.Equal(text, Write(ComposefsImage.Read(image.ToArray())));
    }

    [Fact]
    public void Mutated_dump_file_gives_an_image_of_mkcomposefs_or_is_refused()
    {
        Oracle.Require();
        using var directory = new TestDirectory("dump");
        var images = new Dictionary<string, byte[]>();
        var refusals = new Dictionary<string, string>();
        var random = new Random(11);
        for (int i = 0; i < 300; i++)
        {
            byte[] dump = Mutate(i % 30, random);
            File.WriteAllBytes(directory[$"{i}.dump"], dump);
            try
            {
                var image = new MemoryStream();
                ComposefsImage.Write(DumpFile.Read(new MemoryStream(dump)), image);
                images.Add($"{i}.dump.image", image.ToArray());
            }
            catch (ComposefsFormatException e)
            {
                refusals.Add($"{i}.dump.image", e.Message);
            }
        }

        Oracle.Run("sh", "-c", "cd $0; for dump in *.dump; do mkcomposefs --from-file $dump $dump.image 2> /dev/null || rm -f $dump.image; done", directory.Path);

        Assert.InRange(images.Count, 20, 280);
        foreach ((string name, byte[] image) in images)
        {
            Assert.True(!File.Exists(directory[name]) || File.ReadAllBytes(directory[name]).AsSpan().SequenceEqual(image), name);
        }

        // mkcomposefs does not look whether these fields are what they should be.
        Assert.All(refusals.Where(refusal => File.Exists(directory[refusal.Key])), refusal => Assert.Matches("the (uid|gid|link count|device number)|no fs-verity digest|NUL|no valid file name", refusal.Value));
    }

    private static byte[] Mutate(int seed, Random random)
    {
        var dump = new MemoryStream();
        DumpFile.Write(RandomTree.Make(seed), dump);
        byte[] text = dump.ToArray()[..(int)Math.Min(dump.Length, 20_000)];
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            text[random.Next(text.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : text[random.Next(text.Length)];
        }

        return text;
    }

    private static ComposefsNode Read(string text) => DumpFile.Read(new MemoryStream(Encoding.ASCII.GetBytes(text)));

    private static string Write(ComposefsNode tree)
    {
        var dump = new MemoryStream();
        DumpFile.Write(tree, dump);
        return Encoding.ASCII.GetString(dump.ToArray());
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)'x');
            return count;
        }
    }

    private sealed class TrickleStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
    }
}
