// Files that are added to an initramfs without making it anew.
using System.Globalization;
using System.Text;

namespace Bootc.E2E.Tests;

/// <summary>A cpio archive of the format <c>newc</c> (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst), to be appended to an initramfs.</summary>
internal sealed class InitramfsArchive
{
    private const uint DirectoryMode = 0x41ED; // drwxr-xr-x
    private const uint FileMode = 0x81A4; // -rw-r--r--

    private readonly MemoryStream _archive = new();
    private int _inode = 900_000;

    /// <summary>Adds a file and the directories that it is in.</summary>
    public InitramfsArchive Add(string path, string content)
    {
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            AddEntry(path[..slash], DirectoryMode, []);
        }

        AddEntry(path, FileMode, Encoding.UTF8.GetBytes(content));
        return this;
    }

    /// <summary>An initramfs with the archive behind it, where the kernel looks for it: at a multiple of four.</summary>
    public byte[] AppendTo(byte[] initramfs)
    {
        AddEntry("TRAILER!!!", 0, []);
        return [.. initramfs, .. new byte[(4 - (initramfs.Length % 4)) % 4], .. _archive.ToArray()];
    }

    // Magic, then inode, mode, uid, gid, links, time, size, device (2), node (2), name size, check; 8 hexadecimal digits each.
    private void AddEntry(string name, uint mode, byte[] content)
    {
        uint[] fields = [(uint)_inode++, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, 0, 0, (uint)name.Length + 1, 0];
        _archive.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(field => field.ToString("X8", CultureInfo.InvariantCulture))) + name + '\0'));
        Pad();
        _archive.Write(content);
        Pad();
    }

    private void Pad() => _archive.Write(new byte[(4 - (_archive.Length % 4)) % 4]);
}
