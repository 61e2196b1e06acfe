// The bytes of a tar stream between the contents of its files.
using Bootc.Oci;
using Bootc.Oci.Layers.Chunked;

namespace Bootc.Import.Chunked;

/// <summary>
/// A tar stream without the contents of its files, out of a tar-split. It stops where content belongs until
/// <see cref="TakeFile"/> says that whoever reads has come to it: so what is read is what the whole stream would have given.
/// </summary>
internal sealed class TarSplitHeaders(TarSplitReader split, TarHasher hash, string what) : Stream
{
    private ReadOnlyMemory<byte> _bytes;
    private bool _isAtFile;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (_isAtFile || !MoveToBytes())
        {
            return _isAtFile ? throw new LayerFormatException($"{what} has a tar-split with the content of a file where its tar stream has none") : 0;
        }

        int count = Math.Min(buffer.Length, _bytes.Length);
        _bytes.Span[..count].CopyTo(buffer);
        hash.Append(buffer[..count]);
        _bytes = _bytes[count..];
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Passes over the place of a file's content.</summary>
    /// <exception cref="LayerFormatException">That is not what comes next.</exception>
    public void TakeFile(long size)
    {
        if ((!_isAtFile && MoveToBytes()) || !_isAtFile || split.Size != size)
        {
            throw new LayerFormatException($"{what} has a tar-split that does not match its tar headers");
        }

        _isAtFile = false;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            split.Dispose();
        }

        base.Dispose(disposing);
    }

    // Entries without content stand for no place.
    private bool MoveToBytes()
    {
        while (_bytes.IsEmpty)
        {
            if (!split.Next())
            {
                return false;
            }

            if (split.IsFile && split.Size > 0)
            {
                _isAtFile = true;
                return false;
            }

            _bytes = split.IsFile ? default : split.Payload;
        }

        return true;
    }
}
