// The content of a repository's object, from somewhere within it.
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Import.Chunked;

/// <summary>Reads an object's content from an offset on, once: what comes from the disk for that is not kept in memory.</summary>
internal sealed class ObjectContent : IDisposable
{
    // Of more, the kernel reads ahead by itself.
    private const int LargestAnticipated = 64 * 1024;

    private readonly SafeFileHandle? _file;
    private readonly Stream? _stream;

    /// <summary>Opens an object.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="file">The object.</param>
    /// <param name="offset">Where in its content to begin, in bytes.</param>
    /// <exception cref="OstreeException">It is not there.</exception>
    public ObjectContent(Repository repository, Checksum file, long offset)
    {
        if (repository.Mode != RepositoryMode.Archive)
        {
            _file = repository.OpenObject(new(file, ObjectType.File));
            if (offset > 0)
            {
                _file.Seek(offset);
            }

            return;
        }

        _stream = repository.OpenFileContent(file);
        for (Span<byte> skipped = stackalloc byte[4096]; offset > 0;)
        {
            int count = _stream.Read(skipped[..(int)Math.Min(skipped.Length, offset)]);
            offset = count > 0 ? offset - count : 0;
        }
    }

    /// <summary>Opens an object of which a part is read soon, and lets the disk begin with it.</summary>
    /// <exception cref="OstreeException">It is not there.</exception>
    public static ObjectContent Anticipate(Repository repository, Checksum file, long offset, long size)
    {
        var content = new ObjectContent(repository, file, offset);
        if (size <= LargestAnticipated)
        {
            content._file?.BeginReading(offset, size);
        }

        return content;
    }

    /// <summary>Reads what comes next.</summary>
    /// <returns>How many bytes were read; 0 at the end.</returns>
    public int Read(Span<byte> buffer) => _stream is not null ? _stream.Read(buffer) : _file!.ReadSomeUncached(buffer);

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _stream?.Dispose();
    }
}
