// A directory gives the image and the digest store that mkcomposefs makes of it, with each of its options.
using System.Text;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class DirectoryTreeTests
{
    public static TheoryData<string, DirectoryTreeOptions> Options => new()
    {
        { "--use-epoch", new DirectoryTreeOptions { UseEpoch = true } },
        { "--skip-devices", new DirectoryTreeOptions { SkipDevices = true } },
        { "--skip-xattrs", new DirectoryTreeOptions { SkipXattrs = true } },
        { "--user-xattrs", new DirectoryTreeOptions { UserXattrs = true } },
        { "--threads=1", new DirectoryTreeOptions() },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public void Image_is_that_of_mkcomposefs(string option, DirectoryTreeOptions options)
    {
        Oracle.Require();
        using var directory = new TestDirectory("tree");
        string tree = OddDirectory.Make(directory);
        string expected = Oracle.Run("mkcomposefs", option, "--print-digest", tree, directory["reference"]).Succeeded();

        var image = new MemoryStream();
        var digest = ComposefsImage.Write(DirectoryTree.Read(tree, options), image);

        Assert.Equal(File.ReadAllBytes(directory["reference"]), image.ToArray());
        Assert.Equal(expected.Trim(), digest.ToString());
    }

    [Fact]
    public void Whiteouts_are_marked_as_mkcomposefs_marks_them()
    {
        Oracle.Require();
        using var directory = new TestDirectory("tree");
        directory.Handle.CreateDirectory("tree");
        using DirectoryHandle tree = directory.Handle.OpenDirectory("tree");
        using DirectoryHandle below = tree.EnsureDirectory("directory");
        tree.CreateDeviceNode("11", ModeBits.CharacterDevice, 0, 0);
        below.CreateDeviceNode("whiteout", ModeBits.CharacterDevice | 0x1A4, 0, 0);
        Oracle.Run("mkcomposefs", directory["tree"], directory["reference"]).Succeeded();

        var image = new MemoryStream();
        ComposefsImage.Write(DirectoryTree.Read(directory["tree"]), image);

        Assert.Equal(File.ReadAllBytes(directory["reference"]), image.ToArray());
    }

    [Fact]
    public void Digest_store_is_that_of_mkcomposefs()
    {
        Oracle.Require();
        using var directory = new TestDirectory("tree");
        string tree = OddDirectory.Make(directory);
        Oracle.Run("mkcomposefs", "--digest-store", directory["reference"], tree, directory["image"]).Succeeded();

        DirectoryTree.Read(tree, new DirectoryTreeOptions { DigestStore = directory["ours"] });

        Assert.Equal(Describe(directory["reference"]), Describe(directory["ours"]));
    }

    [Fact]
    public void Files_that_the_store_has_are_not_copied_again()
    {
        using var directory = new TestDirectory("tree");
        directory.Write("tree/file", new string('x', 1000));
        var options = new DirectoryTreeOptions { DigestStore = directory["store"] };
        DirectoryTree.Read(directory["tree"], options);
        ulong inode = StoredInode();

        DirectoryTree.Read(directory["tree"], options);

        Assert.Equal(inode, StoredInode());

        ulong StoredInode() => directory.Handle.GetStatus(Path.GetRelativePath(directory.Path, Directory.EnumerateFiles(directory["store"], "*", SearchOption.AllDirectories).Single())).Inode;
    }

    [Fact]
    public void File_that_cannot_be_read_fails_with_its_path()
    {
        using var directory = new TestDirectory("tree");

        var missing = Assert.Throws<LinuxException>(() => DirectoryTree.Read(directory["missing"]));

        Assert.Contains(directory["missing"], missing.Message);
    }

    private static string Describe(string store)
    {
        var text = new StringBuilder();
        using DirectoryHandle handle = DirectoryHandle.Open(store);
        foreach (string path in Directory.EnumerateFileSystemEntries(store, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(store, path);
            string content = File.Exists(path) ? Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))) : "";
            text.Append($"{name} {Convert.ToString(handle.GetStatus(name).Mode, 8)} {content}\n");
        }

        return text.ToString();
    }
}
