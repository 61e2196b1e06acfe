// The kernel's EROFS reads the images of random trees as what went in.
using System.Globalization;
using System.Text;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class KernelReadsRandomTreesTests
{
    private const int Trees = 25;

    [Fact]
    public void Kernel_shows_names_metadata_targets_and_inline_content()
    {
        Peer.RequireRoot("mounting");
        using var directory = new TestDirectory("kernel");
        directory.Handle.CreateDirectory("mount");
        for (int seed = 3000; seed < 3000 + Trees; seed++)
        {
            ComposefsNode tree = RandomTree.Make(seed);
            GiveToSomebody(tree);
            using (FileStream image = File.Create(directory[$"{seed}"]))
            {
                ComposefsImage.Write(tree, image);
            }

            Mount(directory[$"{seed}"], directory["mount"]);
            var expected = new StringBuilder();
            var actual = new StringBuilder();
            using (DirectoryHandle root = DirectoryHandle.Open(directory["mount"]))
            {
                Compare(tree, root, "", expected, actual);
            }

            Mounts.Detach(directory["mount"]);
            Assert.Equal(expected.ToString(), actual.ToString());
        }
    }

    // The largest ID is nobody's: not even root may open such files.
    private static void GiveToSomebody(ComposefsNode node)
    {
        (node.Uid, node.Gid) = (Math.Min(node.Uid, uint.MaxValue - 1), Math.Min(node.Gid, uint.MaxValue - 1));
        foreach (ComposefsNode child in node.Children.Values)
        {
            GiveToSomebody(child);
        }
    }

    private static void Mount(string image, string path)
    {
        using var file = File.OpenHandle(image);
        using FileSystemContext erofs = FileSystemContext.Open("erofs");
        erofs.SetString("source", $"/proc/self/fd/{file.DangerousGetHandle()}");
        erofs.SetFlag("ro");
        erofs.SetFlag("noacl"); // random bytes are no access control lists
        using var mount = erofs.CreateMount(image);
        Mounts.Attach(mount, path);
    }

    private static void Compare(ComposefsNode directory, DirectoryHandle mounted, string path, StringBuilder expected, StringBuilder actual)
    {
        // In the root, a whiteout stands for each directory that a store of objects may have.
        var names = mounted.List().Select(entry => entry.Name).Where(name => path.Length > 0 || directory.Children.ContainsKey(name) || !IsObjectDirectory(name));
        expected.AppendLine(CultureInfo.InvariantCulture, $"{path}/ {string.Join('|', directory.Children.Keys.Order(StringComparer.Ordinal))}");
        actual.AppendLine(CultureInfo.InvariantCulture, $"{path}/ {string.Join('|', names.Order(StringComparer.Ordinal))}");
        foreach ((string name, ComposefsNode child) in directory.Children)
        {
            ComposefsNode node = child.HardLinkTarget ?? child;
            expected.AppendLine(CultureInfo.InvariantCulture, $"{path}/{name} {Describe(node)}");
            actual.AppendLine(CultureInfo.InvariantCulture, $"{path}/{name} {Describe(node, mounted, name)}");
            if (node.Kind == FileKind.Directory && mounted.TryGetStatus(name) is { Kind: FileKind.Directory })
            {
                using DirectoryHandle next = mounted.OpenDirectory(name);
                Compare(node, next, $"{path}/{name}", expected, actual);
            }
        }
    }

    private static bool IsObjectDirectory(string name) => name.Length == 2 && name.All(char.IsAsciiHexDigitLower);

    private static string Describe(ComposefsNode node)
    {
        bool isWhiteout = node.Kind == FileKind.CharacterDevice && node.DeviceNumber == 0;
        uint mode = isWhiteout ? ModeBits.Regular | (node.Mode & ModeBits.PermissionMask) : node.Mode;
        uint links = node.Kind == FileKind.Directory ? 2 + (uint)node.Children.Values.Count(child => child.Kind == FileKind.Directory) : node.LinkCount;
        ulong size = node.Kind is FileKind.Regular or FileKind.SymbolicLink ? node.Size : 0;
        ulong device = node.Kind is FileKind.CharacterDevice or FileKind.BlockDevice ? node.DeviceNumber : 0;
        string content = node.Content is { } bytes ? Convert.ToHexString(bytes) : node.Kind == FileKind.SymbolicLink ? node.Payload! : "";
        var attributes = Readable(node).Select(attribute => $"{attribute.Name}={Convert.ToHexString(attribute.Value)}");
        return $"{mode:x} {node.Uid} {node.Gid} {links} {size} {device} {node.ModifiedSeconds}.{node.ModifiedNanoseconds} {content} {string.Join(' ', attributes)}";
    }

    private static string Describe(ComposefsNode node, DirectoryHandle directory, string name)
    {
        FileStatus status = directory.GetStatus(name);
        long size = status.Kind is FileKind.Regular or FileKind.SymbolicLink ? status.Size : 0;
        ulong device = (status.DeviceMajor << 8) | ((ulong)(status.DeviceMinor & 0xffffff00) << 12) | (status.DeviceMinor & 0xff);
        string content = node.Content is not null ? Convert.ToHexString(directory.ReadAllBytes(name)) : status.Kind == FileKind.SymbolicLink ? directory.ReadSymbolicLink(name) : "";
        var attributes = Readable(node).Select(attribute => $"{attribute.Name}={Convert.ToHexString(directory.TryGetExtendedAttribute(name, attribute.Name) ?? "missing"u8)}");
        return $"{status.Mode:x} {status.Uid} {status.Gid} {status.LinkCount} {size} {device} {status.ModifiedSeconds}.{status.ModifiedNanoseconds} {content} {string.Join(' ', attributes)}";
    }

    // The kernel checks the values of others, knows no others, or keeps them from files of this kind.
    private static IEnumerable<ExtendedAttribute> Readable(ComposefsNode node) => node.ExtendedAttributes.Where(attribute =>
        attribute.Name is "trusted.x"
        || (node.Kind is FileKind.Regular or FileKind.Directory && attribute.Name.StartsWith("user.", StringComparison.Ordinal) && attribute.Name.Length > 5 && !attribute.Name.StartsWith("user.overlay.", StringComparison.Ordinal)));
}
