// The kernel mounts our images and shows the tree that went in.
using System.Text;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class ComposefsMountTests
{
    [Fact]
    public void Mounted_image_reads_back_as_the_directory_it_was_made_of()
    {
        Peer.RequireRoot("mounting");
        using var directory = new TestDirectory("mount");
        string source = OddDirectory.Make(directory);
        string image = WriteImage(directory, DirectoryTree.Read(source, new DirectoryTreeOptions { DigestStore = directory["objects"] }));
        directory.Handle.CreateDirectory("mount");

        using ComposefsMount mount = Attach(image, directory);

        Assert.Equal(Dump(source), Dump(mount.Path));
    }

    [Fact]
    public void Mount_is_read_only_and_gone_when_disposed()
    {
        Peer.RequireRoot("mounting");
        using var directory = new TestDirectory("mount");
        directory.Write("source/file", "content");
        string image = WriteImage(directory, DirectoryTree.Read(directory["source"], new DirectoryTreeOptions { DigestStore = directory["objects"] }));
        directory.Handle.CreateDirectory("mount");

        using (Attach(image, directory))
        {
            Assert.Equal("content", File.ReadAllText(directory["mount/file"]));
            Assert.Throws<IOException>(() => File.WriteAllText(directory["mount/file"], "other"));
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(directory["mount"]));
        Assert.DoesNotContain(directory.Path, File.ReadAllText("/proc/self/mountinfo"));
    }

    [Fact]
    public void Missing_backing_file_is_an_error_for_its_reader_only()
    {
        Peer.RequireRoot("mounting");
        using var directory = new TestDirectory("mount");
        directory.Write("source/small", "small");
        directory.Write("source/large", new string('x', 1000));
        string image = WriteImage(directory, DirectoryTree.Read(directory["source"]));
        directory.Handle.CreateDirectory("objects");
        directory.Handle.CreateDirectory("mount");

        using ComposefsMount mount = Attach(image, directory);

        Assert.Equal("small", File.ReadAllText(directory["mount/small"]));
        Assert.ThrowsAny<IOException>(() => File.ReadAllText(directory["mount/large"]));
    }

    [Fact]
    public void Image_is_mounted_from_a_loop_device_too()
    {
        Peer.RequireRoot("loop devices");
        using var directory = new TestDirectory("mount");
        directory.Write("source/file", "content");
        string image = WriteImage(directory, DirectoryTree.Read(directory["source"]));
        directory.Handle.CreateDirectory("mount");
        using var file = directory.Handle.OpenFile("image");
        using (LoopDevice device = LoopDevice.Attach(file))
        using (FileSystemContext erofs = FileSystemContext.Open("erofs"))
        {
            erofs.SetString("source", device.Path);
            erofs.SetFlag("ro");
            using var mount = erofs.CreateMount(image);
            Mounts.Attach(mount, directory["mount"]);
        }

        Assert.Equal("content", File.ReadAllText(directory["mount/file"]));
        Mounts.Detach(directory["mount"]);
    }

    [Fact]
    public void What_is_no_image_is_refused_and_nothing_stays_mounted()
    {
        Peer.RequireRoot("mounting");
        using var directory = new TestDirectory("mount");
        string text = directory.Write("text", "this is no image, but it is long enough to have a header");
        string image = WriteImage(directory, new ComposefsNode(ModeBits.Directory));
        string damaged = directory["damaged"];
        File.WriteAllBytes(damaged, File.ReadAllBytes(image)[..2000].Select((value, i) => i is >= 1024 and < 1100 ? (byte)0 : value).ToArray());
        directory.Handle.CreateDirectory("objects");
        directory.Handle.CreateDirectory("mount");

        Assert.Contains(text, Assert.Throws<ComposefsFormatException>(() => Attach(text, directory)).Message);
        Assert.Contains(damaged, Assert.Throws<LinuxException>(() => Attach(damaged, directory)).Message);
        Assert.Contains("not sealed", Assert.Throws<ComposefsFormatException>(() => ComposefsMount.Attach(
            image, directory["mount"], new ComposefsMountOptions { ObjectDirectories = [directory["objects"]], ExpectedDigest = FsVerity.VerityHasher.Compute([]) })).Message);
        Assert.Contains("no-objects", Assert.Throws<LinuxException>(() => ComposefsMount.Attach(
            image, directory["mount"], new ComposefsMountOptions { ObjectDirectories = [directory["no-objects"]] })).Message);
        Assert.DoesNotContain(directory.Path, File.ReadAllText("/proc/self/mountinfo"));
    }

    private static ComposefsMount Attach(string image, TestDirectory directory) =>
        ComposefsMount.Attach(image, directory["mount"], new ComposefsMountOptions { ObjectDirectories = [directory["objects"]] });

    private static string WriteImage(TestDirectory directory, ComposefsNode tree)
    {
        using FileStream image = File.Create(directory["image"]);
        ComposefsImage.Write(tree, image);
        return directory["image"];
    }

    // Content by its digest. Going through an image puts attributes in order and counts the sizes of directories anew.
    private static string Dump(string path)
    {
        var image = new MemoryStream();
        ComposefsImage.Write(DirectoryTree.Read(path), image);
        var dump = new MemoryStream();
        DumpFile.Write(ComposefsImage.Read(image.ToArray()), dump);
        return Encoding.ASCII.GetString(dump.ToArray());
    }
}
