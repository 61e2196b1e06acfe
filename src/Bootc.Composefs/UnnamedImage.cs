// An image on disk that no directory shows yet.
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Composefs;

/// <summary>
/// A composefs image in a file without a name: images grow with the number of files, so that memory is no place to keep one until
/// it is deployed. The file is gone with its last handle unless it gets a name.
/// </summary>
public sealed class UnnamedImage : IDisposable
{
    private const uint FileMode = 0x1A4; // 0644

    private readonly SafeFileHandle _file;

    private UnnamedImage(SafeFileHandle file, VerityDigest digest)
    {
        _file = file;
        Digest = digest;
    }

    /// <summary>The image's fs-verity digest.</summary>
    public VerityDigest Digest { get; }

    /// <summary>Writes the image of a tree.</summary>
    /// <param name="root">The tree.</param>
    /// <param name="directory">Where the file gets its name later, or another directory of the same file system.</param>
    /// <inheritdoc cref="ComposefsImage.Write" path="/exception"/>
    public static UnnamedImage Write(ComposefsNode root, DirectoryHandle directory)
    {
        using SafeFileHandle file = directory.CreateTemporaryFile();
        using var stream = new UnownedFileStream(file);
        VerityDigest digest = ComposefsImage.Write(root, stream);
        file.SetMode(FileMode);
        return new UnnamedImage(DirectoryHandle.ReopenReadOnly(file), digest); // sealing suffers no writer
    }

    /// <summary>Gives the image a name.</summary>
    /// <exception cref="LinuxException">The name is taken, or the directory is on another file system.</exception>
    public void LinkAs(DirectoryHandle directory, string name) => directory.LinkTemporaryFile(_file, name);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
