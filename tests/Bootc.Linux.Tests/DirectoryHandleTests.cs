// DirectoryHandle against the kernel: names stay beneath it, changes are what the kernel shows afterwards.
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux.Tests;

public sealed class DirectoryHandleTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("bootc-linux-").FullName;
    private readonly DirectoryHandle _directory;

    public DirectoryHandleTests() => _directory = DirectoryHandle.Open(_path);

    public void Dispose()
    {
        _directory.RemoveContents();
        _directory.Dispose();
        Directory.Delete(_path);
    }

    [Fact]
    public void A_name_never_leads_out_of_the_directory()
    {
        _directory.CreateDirectory("inside");
        _directory.CreateSymbolicLink("/etc", "absolute");
        _directory.CreateSymbolicLink("../../etc", "upwards");
        using DirectoryHandle inside = _directory.OpenDirectory("inside");

        Assert.Equal(Errno.EXDEV, Assert.Throws<LinuxException>(() => inside.OpenDirectory("..")).Error);
        Assert.Equal(Errno.EXDEV, Assert.Throws<LinuxException>(() => _directory.OpenFile("absolute/passwd")).Error);
        Assert.Equal(Errno.EXDEV, Assert.Throws<LinuxException>(() => _directory.OpenFile("upwards/passwd")).Error);
        Assert.Equal(Errno.EXDEV, Assert.Throws<LinuxException>(() => _directory.OpenFile("/etc/passwd")).Error);
    }

    [Fact]
    public void A_failure_names_the_operation_the_path_and_the_reason()
    {
        var failure = Assert.Throws<LinuxException>(() => _directory.OpenFile("missing"));

        Assert.Equal($"cannot open '{_path}/missing': No such file or directory (ENOENT)", failure.Message);
    }

    [Fact]
    public void A_temporary_file_appears_whole_under_its_name()
    {
        using (SafeFileHandle file = _directory.CreateTemporaryFile())
        {
            file.WriteFully("content"u8);
            Assert.Empty(_directory.List());
            Assert.True(_directory.TryLinkTemporaryFile(file, "name"));
            Assert.False(_directory.TryLinkTemporaryFile(file, "name"));
        }

        Assert.Equal("content", _directory.ReadAllText("name"));
    }

    [Fact]
    public void Replacing_a_file_leaves_no_temporary_name_behind()
    {
        _directory.WriteAllBytesAtomically("f", "old"u8);
        _directory.WriteAllBytesAtomically("f", "new"u8, mode: 0x180);

        Assert.Equal("new", _directory.ReadAllText("f"));
        Assert.Equal(0x180u, _directory.GetStatus("f").Permissions);
        Assert.Equal(["f"], _directory.List().Select(e => e.Name));
    }

    [Fact]
    public void Listing_tells_names_and_kinds()
    {
        _directory.CreateDirectory("d");
        _directory.WriteAllBytesAtomically("f", default);
        _directory.CreateSymbolicLink("nowhere", "l");
        _directory.CreateFifo("p", 0x180);
        _directory.CreateDirectory("not-utf8-\uDCFF");

        Assert.Equal(
            [("d", FileKind.Directory), ("f", FileKind.Regular), ("l", FileKind.SymbolicLink), ("not-utf8-\uDCFF", FileKind.Directory), ("p", FileKind.Fifo)],
            _directory.List().Select(e => (e.Name, e.Kind)).OrderBy(e => e.Name, StringComparer.Ordinal));
        Assert.Equal("nowhere", _directory.ReadSymbolicLink("l"));
        Assert.True(Directory.Exists(_path + "/d"));
    }

    [Fact]
    public void Listing_a_large_directory_is_complete()
    {
        string[] names = [.. Enumerable.Range(0, 5000).Select(i => $"a-rather-long-file-name-to-fill-the-buffer-{i:D5}")];
        foreach (string name in names)
        {
            _directory.CreateFile(name, 0x180).Dispose();
        }

        Assert.Equal(names, _directory.List().Select(e => e.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Removing_a_tree_follows_no_link()
    {
        using DirectoryHandle kept = _directory.EnsureDirectory("kept/below");
        kept.WriteAllBytesAtomically("f", "x"u8);
        using DirectoryHandle gone = _directory.EnsureDirectory("gone/a/b/c");
        gone.CreateSymbolicLink("../../../../kept", "link");

        _directory.RemoveTree("gone");
        _directory.RemoveTree("never-there");

        Assert.Equal(["kept"], _directory.List().Select(e => e.Name));
        Assert.Equal("x", kept.ReadAllText("f"));
    }

    [Fact]
    public void Exchange_swaps_two_names()
    {
        _directory.WriteAllBytesAtomically("a", "1"u8);
        _directory.WriteAllBytesAtomically("b", "2"u8);

        _directory.Rename("a", _directory, "b", RenameOptions.Exchange);

        Assert.Equal(("2", "1"), (_directory.ReadAllText("a"), _directory.ReadAllText("b")));
        Assert.Equal(Errno.EEXIST, Assert.Throws<LinuxException>(() => _directory.Rename("a", _directory, "b", RenameOptions.NoReplace)).Error);
    }

    [Fact]
    public void Extended_attributes_are_read_back_from_files_and_links()
    {
        Assert.SkipUnless(CurrentProcess.IsRoot, "trusted.* attributes need root");
        byte[] large = [.. Enumerable.Range(0, 2000).Select(i => (byte)i)];
        _directory.WriteAllBytesAtomically("f", default);
        _directory.CreateSymbolicLink("nowhere", "l");
        _directory.SetExtendedAttribute("f", "user.empty", default);
        _directory.SetExtendedAttribute("f", "user.large", large);
        _directory.SetExtendedAttribute("l", "trusted.link", [0, 1]);
        using SafeFileHandle file = _directory.OpenFile("f");

        Assert.Equal(
            [("user.empty", ""), ("user.large", Convert.ToHexString(large))],
            _directory.GetExtendedAttributes("f").Select(a => (a.Name, Convert.ToHexString(a.Value))).Order());
        Assert.Equal(large, file.TryGetExtendedAttribute("user.large"));
        Assert.Null(file.TryGetExtendedAttribute("user.none"));
        Assert.Equal([0, 1], _directory.TryGetExtendedAttribute("l", "trusted.link"));
    }

    [Fact]
    public void Status_is_of_the_link_not_of_its_target()
    {
        _directory.CreateSymbolicLink("/", "l");

        FileStatus status = _directory.GetStatus("l");

        Assert.Equal((FileKind.SymbolicLink, 1L), (status.Kind, status.Size));
        Assert.Equal(FileKind.Directory, _directory.GetStatus().Kind);
        Assert.Null(_directory.TryGetStatus("missing"));
    }

    [Fact]
    public void Reading_to_the_end_copes_with_files_of_unknown_size()
    {
        using DirectoryHandle proc = DirectoryHandle.Open("/proc/self");

        Assert.Equal(File.ReadAllBytes("/proc/self/mountinfo"), proc.ReadAllBytes("mountinfo"));
    }

    [Fact]
    public void Copying_moves_the_bytes_and_tells_a_short_source()
    {
        byte[] content = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("0123456789", 50_000)));
        _directory.WriteAllBytesAtomically("source", content);
        using SafeFileHandle source = _directory.OpenFile("source");
        using SafeFileHandle target = _directory.CreateFile("target", 0x180);

        target.CopyFrom(source, content.Length);

        Assert.Equal(content, _directory.ReadAllBytes("target"));
        Assert.Throws<EndOfStreamException>(() => target.CopyFrom(source, 1));
    }
}
