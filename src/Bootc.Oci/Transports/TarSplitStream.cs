// A layer's tar stream, put together of its files and of what lies between them.
using System.IO.Compression;
using Bootc.Linux;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Oci.Transports;

/// <summary>Follows a tar-split file; the result is checked by the layer's diff-id.</summary>
internal sealed class TarSplitStream : ForwardStream
{
    private readonly TarSplitReader _entries;
    private readonly DirectoryHandle _files;
    private readonly string _what;
    private ReadOnlyMemory<byte> _bytes;
    private SafeFileHandle? _file;
    private long _position;
    private long _left;

    /// <param name="entries">The tar-split file, compressed with gzip.</param>
    /// <param name="files">The layer's files.</param>
    /// <param name="what">What it is, for errors.</param>
    public TarSplitStream(SafeFileHandle entries, DirectoryHandle files, string what)
    {
        _entries = new TarSplitReader(new GZipStream(new FileStream(entries, FileAccess.Read), CompressionMode.Decompress), long.MaxValue, what);
        _files = files;
        _what = what;
    }

    public override int Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (!_bytes.IsEmpty)
            {
                int count = Math.Min(buffer.Length, _bytes.Length);
                _bytes.Span[..count].CopyTo(buffer);
                _bytes = _bytes[count..];
                return count;
            }

            if (_left > 0)
            {
                return ReadFile(buffer);
            }

            if (!Next())
            {
                return 0;
            }
        }

        return 0;
    }

    // It is read on a thread of its own, which may wait for the disk.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file?.Dispose();
            _entries.Dispose();
            _files.Dispose();
        }

        base.Dispose(disposing);
    }

    private int ReadFile(Span<byte> buffer)
    {
        int count = RandomAccess.Read(_file!, buffer[..(int)Math.Min(buffer.Length, _left)], _position);
        _position += count;
        _left -= count;
        return count > 0 ? count : throw new LayerFormatException($"{_what} has a file that lacks its last {_left} bytes");
    }

    private bool Next()
    {
        if (!_entries.Next())
        {
            return false;
        }

        if (!_entries.IsFile)
        {
            _bytes = _entries.Payload;
        }
        else if (_entries.Size > 0)
        {
            Open(_entries.Name, _entries.Size);
        }

        return true;
    }

    private void Open(string name, long size)
    {
        _file?.Dispose();
        string path = name.TrimStart('/');
        path = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        _file = _files.TryOpenFile(path) ?? throw new LayerFormatException($"{_what} lacks its file {name}");
        _position = 0;
        _left = size;
    }
}
