// A part of a file as a stream of its own.
using Bootc.Oci.Layers;

namespace Bootc.Oci.Transports;

internal sealed class FileSlice : ForwardStream
{
    private readonly FileStream _file;
    private long _rest;

    public FileSlice(string path, long offset, long size)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        _file.Position = offset;
        _rest = size;
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
