// A part of a file as a stream of its own.
using Bootc.Oci.Layers;

namespace Bootc.Oci.Transports;

/// <summary>A part of a file, or all of it.</summary>
internal sealed class FileSlice : ForwardStream
{
    private readonly FileStream _file;
    private readonly long _offset;
    private readonly long _size;
    private long _rest;

    public FileSlice(string path, long offset, long size)
        : this(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0), offset, size)
    {
    }

    /// <summary>A part of an open file, which is disposed with the slice.</summary>
    public FileSlice(FileStream file, long offset, long size)
    {
        _file = file;
        _offset = offset;
        _size = size;
        MoveTo(0);
    }

    /// <summary>Goes on from a position in the slice; beyond its end there is nothing.</summary>
    public void MoveTo(long position)
    {
        _rest = Math.Max(0, _size - position);
        _file.Position = _offset + _size - _rest;
    }

    public override int Read(Span<byte> buffer)
    {
        int count = _file.Read(buffer[..(int)Math.Min(buffer.Length, _rest)]);
        _rest -= count;
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await _file.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _rest)], cancellationToken).ConfigureAwait(false);
        _rest -= count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }
}
