// A directory on disk that has one of everything.
using Bootc.Linux;
using Bootc.Testing;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Composefs.Tests;

/// <summary>Makes the directory <c>tree</c> in a test's directory: all kinds of files, names, attributes, times and owners.</summary>
internal static class OddDirectory
{
    private static readonly byte[] Acl =
        [2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 232, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255];

    private static readonly int[] Sizes = [0, 1, 63, 64, 65, 4095, 4096, 4097, 5000, 5001, 100_000, 524_288, 524_289];

    public static string Make(TestDirectory directory)
    {
        directory.Handle.CreateDirectory("tree", 0x1ED);
        using DirectoryHandle tree = directory.Handle.OpenDirectory("tree");
        AddFiles(tree);
        AddLinksAndNodes(tree);
        AddNames(tree);
        AddMetadata(tree);
        tree.SetModifiedTime(".", 1_700_000_000, 5);
        return directory["tree"];
    }

    private static void AddFiles(DirectoryHandle tree)
    {
        using DirectoryHandle files = tree.EnsureDirectory("files");
        foreach (int size in Sizes)
        {
            byte[] content = new byte[size];
            new Random(size).NextBytes(content);
            Write(files, $"{size}", content);
        }

        Write(files, "same as 100000", files.ReadAllBytes("100000"));
        using SafeFileHandle sparse = files.CreateFile("sparse", 0x180);
        sparse.SetLength(20 << 20);
    }

    private static void AddLinksAndNodes(DirectoryHandle tree)
    {
        using DirectoryHandle nodes = tree.EnsureDirectory("nodes");
        Write(nodes, "file", "one file, two names, longer than what an image holds itself: it is a backing file"u8);
        nodes.CreateHardLink("file", tree, "hard link");
        foreach (int length in (int[])[1, 60, 4000, 4095])
        {
            nodes.CreateSymbolicLink(new string('t', length), $"link of {length}");
        }

        nodes.CreateFifo("fifo", 0x1A4);
        nodes.CreateDeviceNode("null", ModeBits.CharacterDevice | 0x1B6, 1, 3);
        nodes.CreateDeviceNode("disk", ModeBits.BlockDevice | 0x1B0, 259, 70_000);
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint($"{nodes.DisplayPath}/socket"));
        tree.CreateHardLink("nodes/socket", tree, "socket"); // the first name goes with the socket
    }

    private static void AddNames(DirectoryHandle tree)
    {
        using DirectoryHandle names = tree.EnsureDirectory("names");
        for (int i = 0; i < 500; i++)
        {
            Write(names, $"entry {i} {new string('n', i % 60)}", "x"u8);
        }

        Write(names, new string('l', 255), "long name"u8);
        Write(names, FileName.Decode([0xff, 0xfe, (byte)'\n', (byte)'\\', (byte)' ', (byte)'=']), "odd name"u8);
        Write(names, "größe", "another"u8);
        tree.CreateDirectory("00");
        tree.CreateDirectory("ff");
        Write(tree, "7a", "a name as of a directory of objects"u8);
    }

    private static void AddMetadata(DirectoryHandle tree)
    {
        using DirectoryHandle metadata = tree.EnsureDirectory("metadata");
        foreach (string name in (string[])["owner", "set-user-id", "old", "new", "labelled", "also labelled", "acl", "many", "many too", "overlay"])
        {
            Write(metadata, name, "content"u8);
        }

        metadata.SetOwner("owner", 4_000_000_000, 70_000);
        metadata.SetMode("set-user-id", 0xDED);
        metadata.SetModifiedTime("old", -1_000_000_000, 999_999_999);
        metadata.SetModifiedTime("new", 5_000_000_000, 1);
        metadata.SetExtendedAttribute("labelled", "security.capability", [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        metadata.SetExtendedAttribute("labelled", "user.label", "same"u8);
        metadata.SetExtendedAttribute("also labelled", "user.label", "same"u8);
        metadata.SetExtendedAttribute("also labelled", "trusted.label", ""u8);
        metadata.SetExtendedAttribute("acl", "system.posix_acl_access", Acl);
        metadata.SetExtendedAttribute("overlay", "trusted.overlay.origin", "a"u8);
        metadata.SetExtendedAttribute(".", "system.posix_acl_default", Acl);
        for (int i = 0; i < 140; i++)
        {
            metadata.SetExtendedAttribute("many", $"user.{i}", [(byte)i]);
            metadata.SetExtendedAttribute("many too", $"user.{i}", [(byte)i]);
        }
    }

    private static void Write(DirectoryHandle directory, string name, ReadOnlySpan<byte> content)
    {
        using SafeFileHandle file = directory.CreateFile(name, 0x1A4);
        file.WriteFully(content);
    }
}
