// An image's files in a directory.
using Bootc.Linux;

namespace Bootc.Oci.Transports;

internal sealed class DirectoryLayout : IImageLayout
{
    private readonly DirectoryHandle _directory;

    public DirectoryLayout(string path)
    {
        Path = path;
        try
        {
            _directory = DirectoryHandle.Open(path);
        }
        catch (LinuxException e) when (e.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw new ImageNotFoundException($"there is no image directory {path}", e);
        }
    }

    public string Path { get; }

    public (FileSlice Content, long Size)? TryOpen(string name)
    {
        var file = _directory.TryOpenFile(name);
        if (file is null)
        {
            return null;
        }

        var content = new FileStream(file, FileAccess.Read, bufferSize: 0);
        return (new FileSlice(content, 0, content.Length), content.Length);
    }

    /// <summary>Whether there is a file of that name.</summary>
    public bool Has(string name) => _directory.Exists(name);

    public void Dispose() => _directory.Dispose();
}
