// A layer's tar stream, put together of its files and of what lies between them.
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Bootc.Linux;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Oci.Transports;

/// <summary>Reads a tar-split file line by line (https://github.com/vbatts/tar-split); the result is checked by the layer's diff-id.</summary>
internal sealed class TarSplitStream : ForwardStream
{
    private const int FileContent = 1;
    private const int StreamBytes = 2;

    private readonly StreamReader _entries;
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
        _entries = new StreamReader(new GZipStream(new FileStream(entries, FileAccess.Read), CompressionMode.Decompress), Encoding.UTF8);
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
        TarSplitEntry? entry;
        try
        {
            if (_entries.ReadLine() is not { } line)
            {
                return false;
            }

            entry = JsonSerializer.Deserialize(line, OciJson.Default.TarSplitEntry);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new LayerFormatException($"{_what} has a damaged tar-split file: {e.Message}", e);
        }

        switch (entry?.Type)
        {
            case FileContent when entry.Size > 0:
                Open(entry.RawName is { } raw ? FileName.Decode(raw) : entry.Name ?? "", entry.Size);
                break;
            case FileContent:
                break;
            case StreamBytes:
                _bytes = entry.Payload;
                break;
            default:
                throw new LayerFormatException($"{_what} has a tar-split file with an entry of the unknown type {entry?.Type}");
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
