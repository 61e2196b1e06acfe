// An open file as a stream to write to, which leaves the file open.
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments;

internal sealed class HandleStream(SafeFileHandle file) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => file.WriteFully(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => file.WriteFully(buffer);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
