// Changes a file on a disk behind the back of everyone who could notice.
using System.Globalization;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>A byte of a file on an ext4 disk image, changed where it lies on the disk; disposing puts it back.</summary>
internal sealed class DiskDamage : IDisposable
{
    private const long BlockSize = 4096;

    private readonly string _disk;
    private readonly long _position;

    private DiskDamage(string disk, long position)
    {
        _disk = disk;
        _position = position;
        Flip();
    }

    /// <summary>Changes a byte in a block of a file: the first one, or a later one where the file has as many.</summary>
    public static DiskDamage Make(string disk, string path, int block = 0)
    {
        string list = Peer.Run("debugfs", "-R", $"blocks {path}", disk).Succeeded();
        string[] blocks = list.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.True(blocks.Length > block, $"{path} has no block {block}: {list}");
        return new DiskDamage(disk, (long.Parse(blocks[block], CultureInfo.InvariantCulture) * BlockSize) + 5);
    }

    /// <inheritdoc/>
    public void Dispose() => Flip();

    private void Flip()
    {
        using var file = new FileStream(_disk, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = _position;
        int value = file.ReadByte();
        file.Position = _position;
        file.WriteByte((byte)(value ^ 0x20));
    }
}
