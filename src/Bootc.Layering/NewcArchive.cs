// An archive as the kernel unpacks one into its first root: cpio in the "newc" format.
using System.Globalization;
using System.Text;
using Bootc.Linux;

namespace Bootc.Layering;

/// <summary>
/// Writes the format that the kernel's buffer-format.rst describes. Each entry, at a multiple of four bytes:
/// <code>
/// 0    magic "070701"
/// 6    13 numbers of 8 hexadecimal digits: ino, mode, uid, gid, nlink, mtime, filesize, device of the file (major, minor),
///      device that the file is (major, minor), namesize, check
/// 110  the name and a zero, then zeros up to a multiple of four; the content, and zeros again
/// </code>
/// Times are zero and inodes are counted, so that the same files give the same bytes.
/// </summary>
internal sealed class NewcArchive
{
    private const string Magic = "070701";
    private const string Trailer = "TRAILER!!!";

    private readonly MemoryStream _content = new();
    private readonly HashSet<string> _directories = [];
    private uint _entries;

    /// <summary>Adds a directory, unless it is there.</summary>
    public void AddDirectory(string path, FileStatus status)
    {
        if (_directories.Add(path))
        {
            Add(path, ModeBits.Directory | status.Permissions, status, []);
        }
    }

    /// <summary>Adds a file.</summary>
    public void AddFile(string path, FileStatus status, ReadOnlySpan<byte> content) => Add(path, ModeBits.Regular | status.Permissions, status, content);

    /// <summary>Adds a symbolic link.</summary>
    public void AddSymbolicLink(string path, FileStatus status, string target) => Add(path, ModeBits.SymbolicLink | 0x1FF, status, Encoding.UTF8.GetBytes(target));

    /// <summary>The archive with its end.</summary>
    public byte[] ToArray()
    {
        using var whole = new MemoryStream();
        _content.WriteTo(whole);
        Write(whole, Trailer, 0, 0, 0, 0, []);
        return whole.ToArray();
    }

    private void Add(string path, uint mode, FileStatus status, ReadOnlySpan<byte> content) => Write(_content, path, ++_entries, mode, status.Uid, status.Gid, content);

    private static void Write(MemoryStream output, string path, uint inode, uint mode, uint uid, uint gid, ReadOnlySpan<byte> content)
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(path), 0];
        uint[] numbers = [inode, mode, uid, gid, 1, 0, (uint)content.Length, 0, 0, 0, 0, (uint)name.Length, 0];
        output.Write(Encoding.ASCII.GetBytes(Magic + string.Concat(numbers.Select(number => number.ToString("x8", CultureInfo.InvariantCulture)))));
        output.Write(name);
        Pad(output);
        output.Write(content);
        Pad(output);
    }

    /// <summary>Fills up to a multiple of four bytes, where an archive may begin.</summary>
    public static void Pad(Stream output)
    {
        while (output.Position % 4 != 0)
        {
            output.WriteByte(0);
        }
    }
}
