// Finds out digest and size of content as it passes by.
using System.Security.Cryptography;
using Bootc.Oci.Model;

namespace Bootc.Oci.Layers;

/// <summary>A stream that says at its end what has been read from it.</summary>
/// <param name="source">The content, disposed with this stream.</param>
/// <param name="ended">Told its SHA-256 digest and its size in bytes.</param>
internal sealed class MeasuredStream(Stream source, Action<Digest, long> ended) : ForwardStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _size;
    private bool _hasEnded;

    public override int Read(Span<byte> buffer)
    {
        int count = source.Read(buffer);
        Account(buffer[..count], buffer.Length);
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Account(buffer.Span[..count], buffer.Length);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Account(ReadOnlySpan<byte> data, int wanted)
    {
        _hash.AppendData(data);
        _size += data.Length;
        if (data.IsEmpty && wanted > 0 && !_hasEnded)
        {
            _hasEnded = true;
            ended(Digest.FromHash(_hash.GetCurrentHash()), _size);
        }
    }
}
